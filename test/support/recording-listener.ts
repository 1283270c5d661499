import { EventEmitter } from 'node:events';
import type { RecognitionListener, SpeechFailure, SpeechResult } from '../../src/speech/adapter.js';

/** Keeps what a recognition stream tells, and emits 'ready', 'result' and 'failure'. */
export class RecordingListener extends EventEmitter implements RecognitionListener {
  ready = 0;
  readonly results: SpeechResult[] = [];
  readonly failures: SpeechFailure[] = [];

  onReady(): void {
    this.ready++;
    this.emit('ready');
  }

  onResult(result: SpeechResult): void {
    this.results.push(result);
    this.emit('result', result);
  }

  onFailure(failure: SpeechFailure): void {
    this.failures.push(failure);
    this.emit('failure', failure);
  }
}
