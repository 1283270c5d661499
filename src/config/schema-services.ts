import { z } from 'zod';
import {
  choice,
  flag,
  optionalAddress,
  optionalHost,
  optionalName,
  optionalPath,
  optionalSecret,
  optionalServiceUrl,
  optionalWebhook,
  remotePort,
  requiredPath,
  text,
  wholeNumber,
  choices,
} from './leaf-values.js';

/** `media`: RTP. */
export const media = z
  .strictObject({
    portRange: z
      .strictObject({
        min: wholeNumber(16_384, 1, 65_535, 'First port of the RTP range.'),
        max: wholeNumber(32_767, 1, 65_535, 'Last port of the RTP range, included.'),
      })
      .prefault({})
      .describe('UDP ports for audio: RTP on even ports, RTCP on the next.'),
    sdpAddress: optionalAddress(
      '203.0.113.5',
      'Address callers send audio to. None: the local address of the route to the caller.',
    ),
    quarantineSeconds: wholeNumber(5, 0, 3_600, 'How long a released port pair rests before another call gets it.'),
    silenceSeconds: wholeNumber(60, 1, 86_400, 'A call without any audio packet for so long is ended.'),
    holdSeconds: wholeNumber(3_600, 1, 86_400, 'The same while the call is on hold.'),
    codecs: choices(['PCMU', 'PCMA'], ['PCMU', 'PCMA'], 'Codecs accepted, best first.'),
  })
  .prefault({})
  .describe('Audio: ports, addresses, codecs.');

const STORE_TYPES = ['PKCS12', 'PEM', 'JKS', 'JCEKS'] as const;
const STORE_TYPE_NOTE = 'JKS and JCEKS cannot be read here and are answered with how to convert them.';

const keyStore = z
  .strictObject({
    file: requiredPath('/etc/portcullis/server.p12', 'The file with the private key and its certificate chain.'),
    type: choice(STORE_TYPES, 'PKCS12', `Format of the key store. ${STORE_TYPE_NOTE}`),
    passphrase: optionalSecret('Passphrase of the key store.'),
  })
  .nullable()
  .default(null)
  .describe('Key and certificate of SIP over TLS and of the REST API. None: a self-signed certificate.');

const trustStore = z
  .strictObject({
    file: requiredPath('/etc/portcullis/trust.p12', 'The file with the certificates to trust.'),
    type: choice(STORE_TYPES, 'PKCS12', `Format of the trust store. ${STORE_TYPE_NOTE}`),
    passphrase: optionalSecret('Passphrase of the trust store.'),
  })
  .nullable()
  .default(null)
  .describe('Who signs the certificates of webhooks, and our key where one asks for it. None: the CAs of the system.');

/** `tls`: our keys and whom we trust. */
export const tls = z
  .strictObject({
    keyStore,
    trustStore,
    client: z
      .strictObject({
        caFile: optionalPath(
          '/etc/portcullis/ca-bundle.pem',
          'PEM file with the CAs to trust towards the speech services.',
        ),
        pkcs12File: optionalPath(
          '/etc/portcullis/client.p12',
          'PKCS #12 file with our key and certificate for services that ask for one; its CAs are trusted too.',
        ),
        passphrase: optionalSecret('Passphrase of that PKCS #12 file.'),
      })
      .prefault({})
      .describe('TLS towards the speech services. Nothing set: the CAs of the system.'),
  })
  .prefault({})
  .describe('Keys, certificates and trust.');

/** `proxy`: the forward proxy. */
export const proxy = z
  .strictObject({
    type: choice(['http', 'https'], 'http', 'How the gateway speaks to the proxy itself.'),
    host: optionalHost('proxy.example.com', 'Host of the forward proxy. None: every connection is direct.'),
    port: remotePort('8080', 'Port of the forward proxy.'),
    username: optionalName('johndoe', 'User name for the proxy (Basic).'),
    password: optionalSecret('Password for the proxy (Basic).'),
    caFile: optionalPath(
      '/etc/portcullis/proxy-ca.pem',
      "PEM file with the CA of the proxy's own certificate. None: the CAs of the system.",
    ),
    stt: flag(true, 'Whether speech-to-text goes through the proxy.'),
    tts: flag(true, 'Whether text-to-speech goes through the proxy.'),
    musicOnHold: flag(false, 'Whether music on hold and one-time audio go through the proxy.'),
  })
  .prefault({})
  .describe('The forward proxy. A service that goes through it never falls back to a direct connection.');

const connectTimeoutMs = () => wholeNumber(3_000, 100, 60_000, 'Longest time to connect, in milliseconds.');

const stt = z
  .strictObject({
    url: optionalServiceUrl(
      'wss://stt.example.com/speech-to-text/api',
      'Base URL of the speech-to-text service; `/v1/recognize` is added.',
    ),
    username: optionalName('apikey', 'User name (Basic).'),
    password: optionalSecret('Password (Basic).'),
    model: optionalName('en-US_NarrowbandModel', "Recognition model. None: the service's own choice."),
    bufferMs: wholeNumber(
      2_000,
      0,
      60_000,
      'Most audio kept while the service is slow or away, in milliseconds; the oldest goes first.',
    ),
    connectTimeoutMs: connectTimeoutMs(),
  })
  .prefault({})
  .describe('Speech to text.');

const tts = z
  .strictObject({
    url: optionalServiceUrl(
      'https://tts.example.com/text-to-speech/api',
      'Base URL of the text-to-speech service; `/v1/synthesize` is added. WebSocket when it begins with ws or wss.',
    ),
    username: optionalName('apikey', 'User name (Basic).'),
    password: optionalSecret('Password (Basic).'),
    voice: optionalName('en-US_AllisonVoice', "Voice. None: the service's own choice."),
    connectTimeoutMs: connectTimeoutMs(),
    stallMs: wholeNumber(3_000, 100, 60_000, 'A prompt without audio for so long has failed, in milliseconds.'),
  })
  .prefault({})
  .describe('Text to speech.');

/** `speech`: the services behind a call. */
export const speech = z
  .strictObject({
    provider: choice(
      ['embedded', 'watson'],
      'embedded',
      'Who recognises and speaks: the engine inside the gateway, or services that speak the Watson protocol.',
      '`watson` when `speech.stt.url` is set, else `embedded`',
    ),
    onFailure: choice(
      ['apologise', 'reject'],
      'apologise',
      'When speech is down: answer the call and say so, or refuse it with 503.',
    ),
    greeting: text(
      'Hello. You are connected. Please speak after this message.',
      'text without control characters, not empty',
      () => true,
      'What the caller hears first.',
    ),
    sttFrameMs: wholeNumber(100, 60, 100, 'Audio per frame towards speech-to-text, in milliseconds.'),
    stt,
    tts,
  })
  .prefault({})
  .describe('Speech services.');

/** `transcripts`: what was said, as events. */
export const transcripts = z
  .strictObject({
    webhook: optionalWebhook('https://app.example.com/transcripts', 'Where transcripts are posted. None: nowhere.'),
    interim: flag(false, 'Whether interim results are posted too, and not only final ones.'),
  })
  .prefault({})
  .describe('Transcript events.');

/** `callRecords`: one record per call. */
export const callRecords = z
  .strictObject({
    webhook: optionalWebhook('https://app.example.com/calls', 'Where the record of each ended call is posted.'),
  })
  .prefault({})
  .describe('One record per ended call.');
