const FRAME_SAMPLES = 160;
const FRAME_MS = 20;
/** Root mean square of a 20 ms frame above which somebody speaks; telephone speech is well over 500, line noise under 100. */
const SPEECH_RMS = 250;

/** Tells speech from silence in 8 kHz audio by level, well enough to know when a prompt has ended. */
export class SpeechTracker {
  #rest = new Int16Array(0);
  #spokeMs = 0;
  #silentMs = 0;

  /** How much speech has been heard. */
  get spokeMs(): number {
    return this.#spokeMs;
  }

  /** How long it has been silent since the last speech, or since the beginning. */
  get silentMs(): number {
    return this.#silentMs;
  }

  push(samples: Int16Array): void {
    const all = new Int16Array(this.#rest.length + samples.length);
    all.set(this.#rest);
    all.set(samples, this.#rest.length);
    let at = 0;
    for (; at + FRAME_SAMPLES <= all.length; at += FRAME_SAMPLES) this.#frame(all.subarray(at, at + FRAME_SAMPLES));
    this.#rest = all.slice(at);
  }

  #frame(frame: Int16Array): void {
    let energy = 0;
    for (const sample of frame) energy += sample * sample;
    if (Math.sqrt(energy / frame.length) >= SPEECH_RMS) {
      this.#spokeMs += FRAME_MS;
      this.#silentMs = 0;
    } else {
      this.#silentMs += FRAME_MS;
    }
  }
}
