/** ITU-T Q.23: the rows and columns of the telephone keypad, in hertz. */
const ROWS = [697, 770, 852, 941] as const;
const COLUMNS = [1_209, 1_336, 1_477, 1_633] as const;

/** Least share of a frame's energy that the pair of tones carries. Voiced speech stays far below. */
const PAIR_SHARE = 0.75;
/** Least share of the weaker tone: a single whistle is no key. */
const EACH_SHARE = 0.1;

/** True when the frame is a keypad tone. Which key it is stays unknown, because a digit is a secret. */
export function isKeypadTone(frame: Int16Array, rate: number): boolean {
  let energy = 0;
  for (const sample of frame) energy += sample * sample;
  if (energy === 0) return false;
  const row = strongest(frame, rate, ROWS) / energy;
  const column = strongest(frame, rate, COLUMNS) / energy;
  return row + column >= PAIR_SHARE && row >= EACH_SHARE && column >= EACH_SHARE;
}

function strongest(frame: Int16Array, rate: number, frequencies: readonly number[]): number {
  let most = 0;
  for (const frequency of frequencies) most = Math.max(most, toneEnergy(frame, rate, frequency));
  return most;
}

/** Goertzel: the energy of the frame that lies at `frequency`, in the units of the sum of squares. */
function toneEnergy(frame: Int16Array, rate: number, frequency: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / rate);
  let last = 0;
  let before = 0;
  for (const sample of frame) {
    const next = sample + coefficient * last - before;
    before = last;
    last = next;
  }
  return ((last * last + before * before - coefficient * last * before) * 2) / frame.length;
}
