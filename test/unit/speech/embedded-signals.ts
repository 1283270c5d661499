/** Signals for tests of the embedded recogniser: 16-bit samples, deterministic. */
const TURN = 2 * Math.PI;

export function silence(ms: number, rate = 8_000): Int16Array {
  return new Int16Array(Math.round((ms * rate) / 1_000));
}

/** Sum of sine tones, each at `amplitude`. */
export function tones(ms: number, frequencies: readonly number[], amplitude: number, rate = 8_000): Int16Array {
  return silence(ms, rate).map((_, index) =>
    frequencies.reduce((sum, frequency) => sum + amplitude * Math.sin((TURN * frequency * index) / rate), 0),
  );
}

/** White noise of this root mean square. */
export function noise(ms: number, rms: number, seed = 1, rate = 8_000): Int16Array {
  let state = seed | 1;
  return silence(ms, rate).map(() => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state / 0x80000000) * rms * Math.sqrt(3);
  });
}

/** Like a voice: harmonics of 120 Hz, rising and falling four times a second as syllables do. */
export function voice(ms: number, amplitude: number, rate = 8_000): Int16Array {
  return silence(ms, rate).map((_, index) => {
    const seconds = index / rate;
    const syllable = 0.1 + 0.9 * Math.abs(Math.sin(Math.PI * 4 * seconds + 0.8));
    let sum = 0;
    for (let harmonic = 1; harmonic <= 12; harmonic += 1) {
      sum += Math.sin(TURN * 120 * harmonic * seconds + harmonic * harmonic) / harmonic;
    }
    return amplitude * syllable * sum * 0.5;
  });
}

/** One short burst in silence. */
export function click(ms: number, amplitude: number, rate = 8_000): Int16Array {
  return noise(ms, amplitude, 7, rate);
}

export function joined(...parts: readonly Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

/** The samples of both at once, as long as the first. */
export function mixed(first: Int16Array, second: Int16Array): Int16Array {
  return first.map((sample, index) => sample + (second[index] ?? 0));
}

/** Root mean square of what lies above `fromHz`, by a plain discrete Fourier transform of a short piece. */
export function bandRms(samples: Int16Array, fromHz: number, toHz: number, rate: number): number {
  const size = samples.length;
  let power = 0;
  for (let bin = Math.ceil((fromHz * size) / rate); bin < (toHz * size) / rate; bin += 1) {
    let real = 0;
    let imaginary = 0;
    samples.forEach((sample, index) => {
      real += sample * Math.cos((TURN * bin * index) / size);
      imaginary += sample * Math.sin((TURN * bin * index) / size);
    });
    power += (2 * (real * real + imaginary * imaginary)) / (size * size);
  }
  return Math.sqrt(power);
}
