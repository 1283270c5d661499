import { hostPort } from '../base/ip.js';
import { listenersOf } from './check-gate.js';
import type { Entry } from './leaf-values.js';
import { type Config, needsGeneratedPassword } from './schema.js';

/** The rules that would be on, in the order in which a request meets them: one sentence each. */
export function describeRules(config: Config): readonly string[] {
  const { sip, trustedIp, allowlist, calls } = config;
  const answer = trustedIp.reply === 'drop' ? 'get no answer' : 'get 403';
  const rules = [
    ...(trustedIp.addresses.length > 0
      ? [`Only these addresses may talk to the gateway: ${list(trustedIp.addresses)}. Others ${answer}.`]
      : []),
    ...(sip.auth.enabled
      ? [
          'Only requests over TLS are served. Others get 400.',
          `Callers authenticate as "${sip.auth.username}" in the realm "${sip.auth.realm}" (${sip.auth.algorithms.join(', ')}). Others get 401.`,
        ]
      : []),
    ...(allowlist.from.length > 0 ? [`The From URI must ${rule(allowlist.from)}. Others get 403.`] : []),
    ...(allowlist.to.length > 0 ? [`The To URI or the Request-URI must ${rule(allowlist.to)}. Others get 403.`] : []),
    `At most ${calls.max} calls at once, each at most ${calls.maxSeconds} seconds long. Others get 503.`,
  ];
  return rules.length === 1 ? ['Anyone who reaches the gateway may call.', ...rules] : rules;
}

/** What would listen, one line each. */
export function describeListeners(config: Config): readonly string[] {
  const { host, port } = config.sip.drachtio;
  const behind =
    config.sip.server === 'drachtio' ? [`sip      behind the drachtio-server at ${hostPort(host, port)}`] : [];
  const own = listenersOf(config).map(({ name, address, port }) => {
    const where = port === 0 ? `${hostPort(address, 0)} (any free port)` : hostPort(address, port);
    return `${name.padEnd(8)} ${where}`;
  });
  const { min, max } = config.media.portRange;
  return [...behind, ...own, `rtp      ${config.sip.bindAddress}, ports ${min}-${max}`];
}

/** What else an operator should know before a start. */
export function describeStart(config: Config): readonly string[] {
  const { sip, tls, proxy, speech } = config;
  const notes: string[] = [];
  if (needsGeneratedPassword(config))
    notes.push('SIP_AUTH_PASSWORD is not set: start makes one, which takes a terminal or PORTCULLIS_STATE_DIR.');
  if (tls.keyStore === null && (sip.tls.port !== 'off' || config.rest.port !== 'off')) {
    notes.push('No key store: start makes a self-signed certificate, which most phones refuse.');
  }
  const proxied = Object.entries({
    'speech-to-text': proxy.stt,
    'text-to-speech': proxy.tts,
    'music on hold': proxy.musicOnHold,
  });
  const through = proxied.filter(([, on]) => on).map(([name]) => name);
  if (proxy.host !== null) notes.push(`Through the proxy ${proxy.host}: ${through.join(', ') || 'nothing'}.`);
  notes.push(`Speech: ${speech.provider}.`);
  return notes;
}

/** Most entries named in a sentence. */
const SHOWN = 5;

function list(entries: readonly Entry[]): string {
  const shown = entries.slice(0, SHOWN).map((entry) => entry.text);
  return `${shown.join(', ')}${entries.length > SHOWN ? ` and ${entries.length - SHOWN} more` : ''}`;
}

function rule(entries: readonly Entry[]): string {
  const verb = entries.every((entry) => entry.mode === 'contains') ? 'contain' : 'match';
  return `${verb} ${entries.length > 1 ? 'one of ' : ''}${list(entries)}`;
}
