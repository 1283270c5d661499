import { z } from 'zod';
import type { Secret } from '../base/secret.js';
import {
  bindAddress,
  choice,
  flag,
  listenPort,
  logLevel,
  optionalName,
  optionalPath,
  optionalSecret,
  wholeNumber,
} from './leaf-values.js';
import { callRecords, media, proxy, speech, tls, transcripts } from './schema-services.js';
import { allowlist, sip, trustedIp } from './schema-sip.js';

export type { Entry } from './leaf-values.js';

const calls = z
  .strictObject({
    max: wholeNumber(1_000, 1, 1_000_000, 'Most calls at the same time; the next gets 503.'),
    maxSeconds: wholeNumber(14_400, 1, 604_800, 'Longest call, in seconds; then it is ended.'),
    drainSeconds: wholeNumber(600, 0, 86_400, 'How long calls may go on after the first SIGTERM, in seconds.'),
  })
  .prefault({})
  .describe('How many calls, and how long.');

const rest = z
  .strictObject({
    bindAddress: bindAddress('127.0.0.1', 'Address to bind for the REST API.'),
    port: listenPort(9_443, 'The REST API, over TLS.'),
    username: optionalName('admin', 'User name of the REST API (Basic).'),
    password: optionalSecret('Password of the REST API (Basic).'),
  })
  .prefault({})
  .describe('The REST API.');

const metrics = z
  .strictObject({
    bindAddress: bindAddress('127.0.0.1', 'Address to bind for metrics.'),
    port: listenPort(9_001, 'Prometheus metrics.'),
  })
  .prefault({})
  .describe('The endpoint for Prometheus.');

const decisions = z
  .strictObject({
    log: optionalPath(
      '/var/log/portcullis/decisions.jsonl',
      'Where decision records go, one JSON object a line: a path, or `-` for standard output. None: nowhere.',
    ),
    maskIdentities: choice(
      ['last4', 'none', 'all'],
      'last4',
      'How callers appear in records: their last four characters, whole, or not at all.',
    ),
  })
  .prefault({})
  .describe('Decision records.');

/** The whole configuration. Input is what a file may hold; output is what the program reads. */
export const configSchema = z.strictObject({
  sip,
  trustedIp,
  allowlist,
  allowAnyone: flag(
    false,
    'Says that a gateway without authentication, trusted addresses and allowlists is what you want.',
  ),
  calls,
  media,
  tls,
  proxy,
  speech,
  transcripts,
  callRecords,
  decisions,
  rest,
  metrics,
  logLevel: logLevel('info', "How much is logged: pino's levels, or IBM Voice Gateway's names for them."),
  stateDir: optionalPath('/var/lib/portcullis', 'Directory for what the gateway generates and keeps, mode 0700.'),
});

type DeepReadonly<T> = T extends Secret | string | number | boolean | null
  ? T
  : { readonly [K in keyof T]: DeepReadonly<T[K]> };

/** The effective configuration: complete, checked, deep-frozen. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** True when `start` has to make the SIP password, because authentication is on and none is set. */
export function needsGeneratedPassword(config: Config): boolean {
  return config.sip.auth.enabled && config.sip.auth.password === null;
}
