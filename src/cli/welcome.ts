import { hostPort } from '../base/ip.js';
import type { Config } from '../config/schema.js';
import type { GatewayInfo } from '../gateway/gateway.js';
import type { SipPassword } from '../gateway/sip-password.js';

/** What a person at the terminal wants to know when the gateway is up. The only place that shows a generated password, once. */
export function welcome(config: Config, info: GatewayInfo, password: SipPassword | null): string {
  const lines = [
    '',
    'Portcullis is up.',
    '',
    'Listens',
    ...info.listeners.map(({ name, address, port }) => `  ${name.padEnd(8)} ${hostPort(address, port)}`),
    ...(info.rest === null ? [] : [`  rest     https://${hostPort(info.rest.address, info.rest.port)}`]),
    ...(info.metrics === null
      ? []
      : [`  metrics  http://${hostPort(info.metrics.address, info.metrics.port)}/metrics`]),
    '',
    'Rules, in order',
    ...info.rules.map(({ rule, text }, index) => `  ${String(index + 1).padStart(2)}. ${rule.padEnd(10)} ${text}`),
    '',
    'Speech',
    ...info.speech.map((text) => `  ${text}`),
    '',
    ...howToCall(config, info, password),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function howToCall(config: Config, info: GatewayInfo, password: SipPassword | null): string[] {
  const tls = info.listeners.find(({ transport }) => transport === 'tls');
  const any = tls ?? info.listeners[0];
  if (any === undefined) return ['Calls come through the drachtio-server.'];
  const host = config.sip.host ?? (any.address === '::' || any.address === '0.0.0.0' ? '127.0.0.1' : any.address);
  const uri = `sip:anything@${hostPort(host, any.port)};transport=${any.transport}`;
  const lines = ['Call it', `  ${uri}`];
  if (password !== null) {
    lines.push(`  user ${config.sip.auth.username}, realm ${config.sip.auth.realm}`);
    if (password.source === 'generated')
      lines.push(`  password ${password.password.reveal()}   (shown once, new at every start)`);
    if (password.source === 'file') lines.push(`  password in ${password.file ?? ''}`);
  }
  if (info.certificate.selfSigned) lines.push(`  certificate SHA-256 ${info.certificate.fingerprint256} (self-signed)`);
  const credentials = password === null ? '' : ` --user ${config.sip.auth.username} --password-file FILE`;
  lines.push(`  portcullis call '${uri}'${credentials}${info.certificate.selfSigned ? ' --insecure' : ''}`);
  return lines;
}
