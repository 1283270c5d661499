import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import forge from 'node-forge';
import { GatewayError } from '../base/errors.js';
import { parseIp } from '../base/ip.js';

const { asn1, util } = forge;
const { Class, Type } = asn1;
type Asn1 = forge.asn1.Asn1;

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** RFC 5280 §4.2.1.3: bits of KeyUsage from the left. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;
/** RFC 5280 Appendix A.1: ub-common-name. */
const MAX_COMMON_NAME = 64;

export interface CertificateSpec {
  readonly subject: string;
  readonly issuer: string;
  /** 1–20 bytes; the first bit is cleared, because a serial number is positive (RFC 5280 §4.1.2.2). */
  readonly serial: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly ca: boolean;
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
}

/**
 * An X.509 v3 certificate (RFC 5280) as PEM, signed with ECDSA and SHA-256. `subjectKey` may be public or private,
 * `issuerKey` is a private EC key. Throws TLS_MATERIAL for a name that is neither a DNS name nor an address.
 */
export function buildCertificate(spec: CertificateSpec, subjectKey: KeyObject, issuerKey: KeyObject): string {
  const algorithm = sequence([oid(OID.ecdsaWithSha256)]);
  const tbs = sequence([
    explicit(0, [integer(Buffer.from([2]))]),
    integer(spec.serial),
    algorithm,
    name(spec.issuer),
    sequence([time(spec.notBefore), time(spec.notAfter)]),
    name(spec.subject),
    publicKeyInfo(subjectKey),
    explicit(3, [sequence(extensions(spec))]),
  ]);
  const signature = sign('sha256', derOf(tbs), issuerKey);
  return pemOf('CERTIFICATE', derOf(sequence([tbs, algorithm, bitString(signature)])));
}

/** `der` between BEGIN and END lines of 64 characters (RFC 7468 §2). */
export function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** The DER bytes of a forge ASN.1 value. */
export function derOf(value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'binary');
}

function extensions(spec: CertificateSpec): Asn1[] {
  const constraints = sequence(spec.ca ? [boolean(true)] : []);
  const usage = bitString(Buffer.from([spec.ca ? KEY_CERT_SIGN : DIGITAL_SIGNATURE]), spec.ca ? 2 : 7);
  const result = [extension(OID.basicConstraints, true, constraints), extension(OID.keyUsage, true, usage)];
  if (spec.usages.length > 0) {
    result.push(extension(OID.extendedKeyUsage, false, sequence(spec.usages.map((usage) => oid(OID[usage])))));
  }
  if (spec.names.length > 0) {
    result.push(extension(OID.subjectAltName, false, sequence(spec.names.map(generalName))));
  }
  return result;
}

function extension(id: string, critical: boolean, value: Asn1): Asn1 {
  return sequence([oid(id), ...(critical ? [boolean(true)] : []), octets(derOf(value))]);
}

/** RFC 5280 §4.2.1.6: dNSName is [2] IA5String, iPAddress is [7] OCTET STRING of 4 or 16 bytes. */
function generalName(text: string): Asn1 {
  const address = parseIp(text);
  if (address !== null) return context(7, Buffer.from(address.bytes));
  if (!isDnsName(text))
    throw new GatewayError('TLS_MATERIAL', 'a certificate name is neither a DNS name nor an address');
  return context(2, Buffer.from(text, 'latin1'));
}

function isDnsName(text: string): boolean {
  const labels = text.split('.');
  return text.length <= 253 && labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?$/i.test(label));
}

function name(commonName: string): Asn1 {
  const value = primitive(Type.UTF8, Buffer.from(commonName.slice(0, MAX_COMMON_NAME), 'utf8'));
  return sequence([asn1.create(Class.UNIVERSAL, Type.SET, true, [sequence([oid(OID.commonName), value])])]);
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. */
function time(date: Date): Asn1 {
  const digits = date.toISOString().replace(/[-:T]|\.[0-9]+/g, '');
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, Buffer.from(digits.slice(2), 'latin1'))
    : primitive(Type.GENERALIZEDTIME, Buffer.from(digits, 'latin1'));
}

function publicKeyInfo(key: KeyObject): Asn1 {
  const spki = (key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'der' });
  return asn1.fromDer(util.createBuffer(spki.toString('binary')));
}

function integer(bytes: Uint8Array): Asn1 {
  const positive = Buffer.from(bytes);
  positive[0] = (positive[0] ?? 0) & 0x7f;
  return primitive(Type.INTEGER, positive);
}

function bitString(bytes: Uint8Array, unusedBits = 0): Asn1 {
  return primitive(Type.BITSTRING, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

const sequence = (values: Asn1[]): Asn1 => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, values);
const explicit = (tag: number, values: Asn1[]): Asn1 => asn1.create(Class.CONTEXT_SPECIFIC, tag, true, values);
const context = (tag: number, bytes: Buffer): Asn1 =>
  asn1.create(Class.CONTEXT_SPECIFIC, tag, false, bytes.toString('binary'));
const primitive = (type: forge.asn1.Type, bytes: Buffer): Asn1 =>
  asn1.create(Class.UNIVERSAL, type, false, bytes.toString('binary'));
const oid = (id: string): Asn1 => asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(id).getBytes());
const octets = (bytes: Buffer): Asn1 => primitive(Type.OCTETSTRING, bytes);
const boolean = (value: boolean): Asn1 => primitive(Type.BOOLEAN, Buffer.from([value ? 0xff : 0]));
