import { isLoopback, parseIp } from '../base/ip.js';
import { type CrossCheck, doubt, type Finding, refuse } from './cross-check.js';
import { type ReadFile, systemCode } from './environment-settings.js';
import type { Config } from './schema.js';
import { isLoopbackHost } from './value-rules.js';

function proxyParts({ proxy }: Config): readonly Finding[] {
  const findings: Finding[] = [];
  if (proxy.host !== null && proxy.port === null)
    findings.push(refuse('proxy.port', 'is needed, because proxy.host is set'));
  if (proxy.host === null) {
    for (const key of ['port', 'username', 'password', 'caFile'] as const) {
      if (proxy[key] !== null)
        findings.push(refuse(`proxy.${key}`, 'is set without proxy.host: nothing would be proxied'));
    }
  }
  if (proxy.caFile !== null && proxy.type === 'http') {
    findings.push(refuse('proxy.caFile', 'is set, but the proxy is spoken to in plain HTTP', 'Set PROXY_TYPE=https.'));
  }
  return findings;
}

/** Sections whose `username` and `password` go together as Basic credentials. */
const CREDENTIALS = {
  proxy: (config: Config) => config.proxy,
  'speech.stt': (config: Config) => config.speech.stt,
  'speech.tts': (config: Config) => config.speech.tts,
  rest: (config: Config) => config.rest,
} as const;

function credentialPairs(config: Config): readonly Finding[] {
  return Object.entries(CREDENTIALS).flatMap(([section, pick]) => {
    const { username, password } = pick(config);
    if (username !== null && password === null)
      return [refuse(`${section}.password`, `is needed, because ${section}.username is set`)];
    if (username === null && password !== null)
      return [refuse(`${section}.username`, `is needed, because ${section}.password is set`)];
    // RFC 7617 §2: a user-id containing a colon character is invalid.
    return username?.includes(':') === true ? [refuse(`${section}.username`, 'must not contain a colon')] : [];
  });
}

function speechUrls({ speech }: Config): readonly Finding[] {
  if (speech.provider !== 'watson') return [];
  return (['stt', 'tts'] as const)
    .filter((service) => speech[service].url === null)
    .map((service) =>
      refuse(`speech.${service}.url`, 'is needed by the watson provider', `Set WATSON_${service.toUpperCase()}_URL.`),
    );
}

function keyStoreFormats({ tls }: Config): readonly Finding[] {
  return (['keyStore', 'trustStore'] as const).flatMap((name) => {
    const store = tls[name];
    if (store === null || (store.type !== 'JKS' && store.type !== 'JCEKS')) return [];
    const command = `keytool -importkeystore -srckeystore <file> -srcstoretype ${store.type} -destkeystore <file>.p12 -deststoretype PKCS12`;
    const hint = `Convert it: ${command}`;
    return [
      { code: 'TLS_FORMAT', path: `tls.${name}.type`, message: `is ${store.type}, which cannot be read here`, hint },
    ];
  });
}

function clientPassphrase({ tls }: Config): readonly Finding[] {
  if (tls.client.passphrase === null || tls.client.pkcs12File !== null) return [];
  return [refuse('tls.client.pkcs12File', 'is needed, because tls.client.passphrase is set')];
}

function listedFiles({ tls, proxy }: Config, readFile: ReadFile): readonly Finding[] {
  const files = {
    'tls.keyStore.file': tls.keyStore?.file,
    'tls.trustStore.file': tls.trustStore?.file,
    'tls.client.caFile': tls.client.caFile,
    'tls.client.pkcs12File': tls.client.pkcs12File,
    'proxy.caFile': proxy.caFile,
  };
  return Object.entries(files).flatMap(([path, file]) => {
    if (file === null || file === undefined) return [];
    try {
      readFile(file);
      return [];
    } catch (error) {
      return [
        {
          code: 'FILE_UNAVAILABLE',
          path,
          message: `names a file that cannot be read (${systemCode(error)})`,
          hint: null,
        },
      ];
    }
  });
}

function portPairs({ media: { portRange } }: Config): readonly Finding[] {
  // RFC 3550 §11: RTP on an even port, RTCP on the next higher one.
  if (pairsIn(portRange) > 0) return [];
  return [refuse('media.portRange.max', 'leaves no even port with the odd one after it', 'Like 16384-32767.')];
}

/** How many calls the RTP range can carry. */
export function pairsIn(range: { readonly min: number; readonly max: number }): number {
  const firstEven = range.min + (range.min % 2);
  return Math.max(0, Math.floor((range.max - firstEven + 1) / 2));
}

/** What stops a start: services, keys and ports. */
export const SERVICE_CHECKS: readonly CrossCheck[] = [
  { reads: ['proxy'], find: proxyParts },
  { reads: ['proxy', 'speech.stt', 'speech.tts', 'rest'], find: credentialPairs },
  { reads: ['speech'], find: speechUrls },
  { reads: ['tls.keyStore', 'tls.trustStore'], find: keyStoreFormats },
  { reads: ['tls.client'], find: clientPassphrase },
  { reads: ['tls', 'proxy.caFile'], find: listedFiles },
  { reads: ['media.portRange'], find: portPairs },
];

function fewPorts({ calls, media }: Config): readonly Finding[] {
  const pairs = pairsIn(media.portRange);
  if (pairs === 0 || pairs >= calls.max) return [];
  return [doubt('calls.max', `is ${calls.max}, but the RTP range carries only ${pairs} calls at once`)];
}

function idleSpeech({ speech }: Config): readonly Finding[] {
  if (speech.provider !== 'embedded') return [];
  const { stt, tts } = speech;
  const set = { 'stt.url': stt.url, 'stt.model': stt.model, 'tts.url': tts.url, 'tts.voice': tts.voice };
  return Object.entries(set)
    .filter(([, value]) => value !== null)
    .map(([key]) => doubt(`speech.${key}`, 'is not used by the embedded provider'));
}

function plainCredentials({ speech }: Config): readonly Finding[] {
  return (['stt', 'tts'] as const).flatMap((service) => {
    const { url, password } = speech[service];
    if (url === null || password === null || /^(?:https|wss):/i.test(url) || isLoopbackHost(new URL(url).hostname))
      return [];
    return [doubt(`speech.${service}.url`, 'is not encrypted: the password and the audio travel in the clear')];
  });
}

function openRest({ rest }: Config): readonly Finding[] {
  const address = parseIp(rest.bindAddress);
  const local = address !== null && isLoopback(address);
  if (rest.port === 'off' || local || rest.password !== null) return [];
  return [doubt('rest.bindAddress', 'lets other machines reach the REST API, and it has no password')];
}

/** What is worth a warning. */
export const SERVICE_DOUBTS: readonly CrossCheck[] = [
  { reads: ['calls.max', 'media.portRange'], find: fewPorts },
  { reads: ['speech'], find: idleSpeech },
  { reads: ['speech'], find: plainCredentials },
  { reads: ['rest'], find: openRest },
];
