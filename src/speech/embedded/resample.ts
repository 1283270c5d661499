/** Filter length: a Blackman window of 127 taps falls from 3.3 to 4 kHz at 16,000 samples a second. */
const TAPS = 127;
const CENTRE = (TAPS - 1) / 2;
const CUTOFF = 3_650 / 16_000;

/** Level of the noise that fills the upper band: about -55 dBFS; louder, it is taken for an s. */
const FILL_RMS = 60;
const FILL_SAMPLES = 16_000;

const LOW_PASS = lowPassTaps();
let fill: Int16Array | undefined;

/** 16,000 → 8,000 samples a second: low-pass, then every second sample. */
export function decimate(samples: Int16Array): Int16Array {
  const result = new Int16Array(samples.length >> 1);
  for (let index = 0; index < result.length; index += 1) {
    result[index] = clip(convolve(samples, index * 2 + CENTRE));
  }
  return result;
}

/**
 * 8,000 → 16,000 samples a second, with quiet noise in the band above 3.65 kHz. Models of wideband speech never saw that
 * band empty: without the noise they recognise nothing of a telephone call.
 */
export function upsampleFilled(samples: Int16Array): Int16Array {
  const noise = (fill ??= fillNoise());
  const result = new Int16Array(samples.length * 2);
  for (let index = 0; index < result.length; index += 1) {
    result[index] = clip(interpolate(samples, index) + (noise[index % FILL_SAMPLES] ?? 0));
  }
  return result;
}

/** Scales so that the loudest sample reaches `peak`; silence stays as it is. */
export function normalize(samples: Int16Array, peak: number): Int16Array {
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return loudest === 0 ? samples : samples.map((sample) => clip((sample * peak) / loudest));
}

function convolve(samples: ArrayLike<number>, newest: number): number {
  let sum = 0;
  const first = Math.max(0, newest - samples.length + 1);
  const last = Math.min(TAPS - 1, newest);
  for (let tap = first; tap <= last; tap += 1) sum += (LOW_PASS[tap] ?? 0) * (samples[newest - tap] ?? 0);
  return sum;
}

/** One output sample of a filter over the zero-stuffed input: only the taps that meet a sample are summed. */
function interpolate(samples: Int16Array, index: number): number {
  const newest = index + CENTRE;
  let sum = 0;
  for (let tap = newest & 1; tap < TAPS; tap += 2) {
    sum += (LOW_PASS[tap] ?? 0) * (samples[(newest - tap) >> 1] ?? 0);
  }
  return 2 * sum;
}

function lowPassTaps(): Float64Array {
  const taps = Float64Array.from({ length: TAPS }, (_, tap) => {
    const offset = tap - CENTRE;
    const sinc = offset === 0 ? 2 * CUTOFF : Math.sin(2 * Math.PI * CUTOFF * offset) / (Math.PI * offset);
    const turn = (2 * Math.PI * tap) / (TAPS - 1);
    return sinc * (0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn));
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}

/** One second of white noise minus its lower band; always the same, so that a recording gives the same words each time. */
function fillNoise(): Int16Array {
  const white = new Float64Array(FILL_SAMPLES + TAPS - 1);
  let state = 0x9e3779b9;
  for (let index = 0; index < white.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    white[index] = state / 0x80000000;
  }
  const high = Float64Array.from({ length: FILL_SAMPLES }, (_, index) => {
    const newest = index + TAPS - 1;
    return (white[newest - CENTRE] ?? 0) - convolve(white, newest);
  });
  const rms = Math.sqrt(high.reduce((sum, sample) => sum + sample * sample, 0) / high.length);
  return Int16Array.from(high, (sample) => clip((sample * FILL_RMS) / rms));
}

function clip(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}
