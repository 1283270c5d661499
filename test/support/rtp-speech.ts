import { EventEmitter, once } from 'node:events';
import type {
  AudioFormat,
  RecognitionListener,
  RecognitionSession,
  RecognitionStream,
  SpeechToText,
  TextToSpeech,
} from '../../src/speech/adapter.js';

/** A recognition stream that keeps what it gets. */
export class FakeStream implements RecognitionStream {
  readonly frames: Uint8Array[] = [];
  readonly events = new EventEmitter();
  droppedBytes = 0;
  finished = false;
  closed = false;
  constructor(
    readonly session: RecognitionSession,
    readonly listener: RecognitionListener,
  ) {}
  write(audio: Uint8Array): void {
    this.frames.push(audio);
    this.events.emit('frame');
  }
  finish(): Promise<void> {
    this.finished = true;
    return Promise.resolve();
  }
  close(): void {
    this.closed = true;
  }
  get audio(): Buffer {
    return Buffer.concat(this.frames);
  }
  async audioAtLeast(bytes: number): Promise<Buffer> {
    while (this.audio.length < bytes) await once(this.events, 'frame');
    return this.audio;
  }
}

/** A recogniser double: takes the format asked for, says ready when told to. */
export class FakeStt implements SpeechToText {
  readonly name = 'fake';
  readonly recognises = true;
  readonly streams: FakeStream[] = [];
  format: AudioFormat | null = null;
  onOpen: (stream: FakeStream) => void = () => {};
  formatFor(received: AudioFormat): AudioFormat {
    return this.format ?? received;
  }
  open(session: RecognitionSession, listener: RecognitionListener): FakeStream {
    const stream = new FakeStream(session, listener);
    this.streams.push(stream);
    this.onOpen(stream);
    return stream;
  }
  get last(): FakeStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error('no recognition stream was opened');
    return stream;
  }
}

/** A voice double: speaks the bytes given for a text, in chunks of 400 bytes, or throws. */
export class FakeTts implements TextToSpeech {
  readonly name = 'fake';
  readonly voices = new Map<string, Uint8Array | Error>();
  readonly formats: AudioFormat[] = [];
  async *synthesize(text: string, format: AudioFormat, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.formats.push(format);
    const voice = this.voices.get(text) ?? new Uint8Array(0);
    if (voice instanceof Error) throw voice;
    for (let at = 0; at < voice.length && !signal.aborted; at += 400) {
      yield await Promise.resolve(voice.subarray(at, at + 400));
    }
  }
}
