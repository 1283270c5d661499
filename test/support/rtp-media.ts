import { EventEmitter, once } from 'node:events';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { silentLog } from '../../src/base/log.js';
import type { MediaEvent, MediaOpenOptions, MediaPlan } from '../../src/call/ports.js';
import { BuiltInPrompts } from '../../src/media/built-in-prompts.js';
import { LocalMediaPort } from '../../src/media/local-media-port.js';
import type { RtpPacket } from '../../src/media/stage.js';
import type { MediaWorkerOptions } from '../../src/media/worker-options.js';
import { FakeStt, FakeTts } from './rtp-speech.js';

export const WORKER_OPTIONS: MediaWorkerOptions = {
  portRange: { min: 20_000, max: 20_999 },
  quarantineMs: 1_000,
  silenceMs: 30_000,
  holdMs: 3_600_000,
  sttFrameMs: 100,
  speech: {
    stt: {
      url: 'ws://127.0.0.1:9',
      username: null,
      password: null,
      model: null,
      interim: false,
      recognises: true,
      bufferMs: 2_000,
      connectTimeoutMs: 1_000,
    },
    tts: {
      url: 'http://127.0.0.1:9',
      username: null,
      password: null,
      voice: null,
      connectTimeoutMs: 1_000,
      stallMs: 3_000,
    },
  },
  egress: {
    proxy: null,
    proxied: { stt: false, tts: false, moh: false, webhook: false },
    tls: { ca: null, cert: null, key: null },
    connectTimeoutMs: 1_000,
  },
};

/** A plan for a peer on loopback. */
export function plan(remotePort: number, changes: Partial<MediaPlan> = {}): MediaPlan {
  return {
    codec: 'PCMU',
    payloadType: 0,
    dtmfPayloadType: 101,
    ptimeMs: 20,
    remoteAddress: '127.0.0.1',
    remotePort,
    direction: 'sendrecv',
    ...changes,
  };
}

export function openOptions(mediaPlan: MediaPlan, changes: Partial<MediaOpenOptions> = {}): MediaOpenOptions {
  return {
    callId: 'call-1',
    sessionId: 'session-1',
    localAddress: '127.0.0.1',
    plan: mediaPlan,
    signalingAddress: '127.0.0.1',
    ...changes,
  };
}

/** Events of a session, to be awaited. */
export class MediaEvents {
  readonly all: MediaEvent[] = [];
  readonly #emitter = new EventEmitter();
  readonly listener = (event: MediaEvent): void => {
    this.all.push(event);
    this.#emitter.emit('event');
  };
  of<T extends MediaEvent['type']>(type: T): Extract<MediaEvent, { type: T }>[] {
    return this.all.filter((event): event is Extract<MediaEvent, { type: T }> => event.type === type);
  }
  async next<T extends MediaEvent['type']>(type: T, count = 1): Promise<Extract<MediaEvent, { type: T }>> {
    while (this.of(type).length < count) await once(this.#emitter, 'event');
    const event = this.of(type)[count - 1];
    if (event === undefined) throw new Error('unreachable');
    return event;
  }
}

/** An engine with speech doubles behind its port. */
export function localMedia(changes: Partial<MediaWorkerOptions> = {}, clock: Clock = systemClock, assets?: URL) {
  const stt = new FakeStt();
  const tts = new FakeTts();
  const prompts = new BuiltInPrompts(assets);
  const port = new LocalMediaPort({ ...WORKER_OPTIONS, ...changes }, { stt, tts, clock, log: silentLog, prompts });
  return { stt, tts, port };
}

/** An RTP packet for stages: 20 ms of the byte `fill`. */
export function rtpPacket(changes: Partial<RtpPacket> = {}, fill = 0x55): RtpPacket {
  return {
    payloadType: 0,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: 1,
    payload: new Uint8Array(160).fill(fill),
    receivedMs: 0,
    ...changes,
  };
}

/** The bytes of an RTP packet. */
export function rtpBytes(
  fields: { payloadType?: number; sequence?: number; timestamp?: number; ssrc?: number; marker?: boolean } = {},
  payload: Uint8Array = new Uint8Array(160).fill(0x55),
): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt8(0x80, 0);
  head.writeUInt8((fields.marker === true ? 0x80 : 0) | (fields.payloadType ?? 0), 1);
  head.writeUInt16BE(fields.sequence ?? 0, 2);
  head.writeUInt32BE(fields.timestamp ?? 0, 4);
  head.writeUInt32BE(fields.ssrc ?? 1, 8);
  return Buffer.concat([head, payload]);
}

/** G.711 bytes that never repeat a 20 ms frame and hold no silence byte. */
export function noise(bytes: number, seed = 1): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length: bytes }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 16) % 0xd0;
    }),
  );
}
