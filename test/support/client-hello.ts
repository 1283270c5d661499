import { connect } from 'node:net';

/** What a TLS server answered first. */
export type FirstAnswer = 'server hello' | `alert ${number}` | 'nothing';

const RECORD_ALERT = 21;
const RECORD_HANDSHAKE = 22;

/**
 * Offers TLS 1.2 with these cipher suites (IANA numbers) and nothing else, for suites that no client of today is able to
 * offer. Resolves with the kind of the first record that comes back.
 */
export function offerSuites(port: number, suites: readonly number[]): Promise<FirstAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(clientHello(suites)));
    let answer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 7) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(kindOf(answer)));
  });
}

function kindOf(answer: Buffer): FirstAnswer {
  if (answer[0] === RECORD_ALERT) return `alert ${answer[6] ?? 0}`;
  return answer[0] === RECORD_HANDSHAKE ? 'server hello' : 'nothing';
}

// RFC 5246 §7.4.1.2, with the extensions that an ECDSA suite needs: RFC 8422 §5.1, RFC 5246 §7.4.1.4.1.
function clientHello(suites: readonly number[]): Buffer {
  const extensions = [
    extension(10, sized(2, u16(0x001d, 0x0017))), // supported_groups: x25519, secp256r1
    extension(11, sized(1, Buffer.of(0))), // ec_point_formats: uncompressed
    extension(13, sized(2, u16(0x0403, 0x0401, 0x0203, 0x0201))), // ECDSA and RSA, with SHA-256 and SHA-1
    extension(0xff01, Buffer.of(0)), // renegotiation_info
  ];
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 0x5a),
    sized(1, Buffer.alloc(0)),
    sized(2, u16(...suites)),
    sized(1, Buffer.of(0)),
    sized(2, Buffer.concat(extensions)),
  ]);
  const handshake = Buffer.concat([Buffer.of(1), sized(3, body)]);
  return Buffer.concat([Buffer.of(RECORD_HANDSHAKE), u16(0x0301), sized(2, handshake)]);
}

function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([u16(type), sized(2, content)]);
}

function u16(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

/** The content after its length in `width` bytes. */
function sized(width: 1 | 2 | 3, content: Buffer): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(content.length, 0, width);
  return Buffer.concat([length, content]);
}
