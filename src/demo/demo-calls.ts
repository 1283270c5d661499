import type { RuleName } from '../policy/policy.js';

/** One call of the demo, and what must come of it. */
export interface DemoCall {
  readonly title: string;
  readonly transport: 'tcp' | 'tls';
  /** User part of the caller's From. */
  readonly from: string;
  readonly credentials: boolean;
  /** Final responses in order. */
  readonly statuses: readonly number[];
  /** The rule that decides last. */
  readonly rule: RuleName | 'all';
  readonly answered: boolean;
}

export const DEMO_CALLED = '12345556789';
const ALLOWED = '2345550001';
const STRANGER = '9995550000';

export const DEMO_CALLS: readonly DemoCall[] = [
  {
    title: 'A call over plain TCP, while authentication is on',
    transport: 'tcp',
    from: ALLOWED,
    credentials: false,
    statuses: [400],
    rule: 'transport',
    answered: false,
  },
  {
    title: 'A call over TLS without credentials',
    transport: 'tls',
    from: ALLOWED,
    credentials: false,
    statuses: [401],
    rule: 'digest',
    answered: false,
  },
  {
    title: 'Right credentials, but a caller that is not on the list',
    transport: 'tls',
    from: STRANGER,
    credentials: true,
    statuses: [401, 403],
    rule: 'from',
    answered: false,
  },
  {
    title: 'A call that is let in, transcribed and answered',
    transport: 'tls',
    from: ALLOWED,
    credentials: true,
    statuses: [401, 200],
    rule: 'all',
    answered: true,
  },
];

/** The environment that the demo's gateway is configured from: free ports on loopback, and two lists. */
export const DEMO_ENVIRONMENT: Readonly<Record<string, string>> = {
  BIND_ADDRESS: '127.0.0.1',
  SIP_PORT_TCP: '0',
  SIP_PORT_TLS: '0',
  HTTPS_PORT: '0',
  METRICS_PORT: '0',
  WHITELIST_FROM_URI: ALLOWED,
  WHITELIST_TO_URI: DEMO_CALLED,
  SPEECH_PROVIDER: 'embedded',
};
