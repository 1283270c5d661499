import { GatewayError } from '../base/errors.js';

/** What one session description may make us hold. */
export const SDP_LIMITS = { bytes: 16_384, lines: 256, lineChars: 1_024, media: 8, formats: 32 } as const;

const ORIGIN = /^\S{1,64} [0-9]{1,20} [0-9]{1,20} IN IP[46] \S{1,255}$/;
const TIMING = /^[0-9]{1,20} [0-9]{1,20}$/;
// No leading zeros and no all-digit names: the parser behind us would turn some of them into numbers and some not.
const CONNECTION = /^IN IP[46] \S{1,255}$/;
const MEDIA = /^[A-Za-z][A-Za-z0-9]{0,31} (0|[1-9][0-9]{0,4}) [A-Za-z][A-Za-z0-9/]{0,31}( [A-Za-z0-9._*+-]{1,32})+$/;
const RTPMAP = /^rtpmap:(0|[1-9][0-9]{0,2}) [A-Za-z0-9._-]{1,32}\/[1-9][0-9]{0,5}(\/[0-9]{1,2})?$/;
const PTIME = /^ptime:[1-9][0-9]{0,3}$/;
const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** What has been seen of the session level, or of the current m= section. */
interface Section {
  connection: boolean;
  direction: boolean;
  ptime: boolean;
}

/**
 * Refuses a text that two readers could understand differently, before the lenient parser sees it: bytes, line shapes,
 * the mandatory lines, and every line that may stand once. Throws GatewayError SDP_INVALID.
 */
export function checkSdpLines(text: string): void {
  if (Buffer.byteLength(text) > SDP_LIMITS.bytes) throw invalid('The session description is too large.');
  // A bare CR ends a line for some readers only; RFC 8866 §5 lets a lone LF pass.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\r(?!\n)/.test(text)) throw invalid('Forbidden bytes.');
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  while (lines.at(-1) === '') lines.pop();
  if (lines.length > SDP_LIMITS.lines) throw invalid('Too many lines.');
  // RFC 8866 §5: v=, o= and s= come first and in this order.
  if (lines[0] !== 'v=0') throw invalid('The first line is not v=0.');
  if (!lines[1]?.startsWith('o=') || !ORIGIN.test(lines[1].slice(2))) throw invalid('The o= line is malformed.');
  if (!lines[2]?.startsWith('s=')) throw invalid('The s= line is missing.');
  checkRest(lines.slice(3));
}

function checkRest(lines: readonly string[]): void {
  let section: Section = { connection: false, direction: false, ptime: false };
  let media = 0;
  let timings = 0;
  for (const line of lines) {
    if (line.length > SDP_LIMITS.lineChars || !/^[a-z]=/.test(line)) throw invalid('A line is malformed.');
    const type = line[0];
    const value = line.slice(2);
    if (type === 'v' || type === 'o' || type === 's') throw invalid('A line that may stand once stands twice.');
    if (type === 't') {
      if (media > 0 || !TIMING.test(value)) throw invalid('A t= line is malformed.');
      timings += 1;
    } else if (type === 'm') {
      checkMedia(value);
      media += 1;
      section = { connection: false, direction: false, ptime: false };
    } else if (type === 'c') {
      if (section.connection || !CONNECTION.test(value)) throw invalid('A c= line is malformed or repeated.');
      section.connection = true;
    } else if (type === 'a') checkAttribute(value, section);
  }
  if (timings === 0) throw invalid('The t= line is missing.');
  if (media > SDP_LIMITS.media) throw invalid('Too many m= lines.');
}

function checkMedia(value: string): void {
  if (!MEDIA.test(value)) throw invalid('An m= line is malformed.');
  const [, port, , ...formats] = value.split(' ');
  if (Number(port) > 65_535) throw invalid('A media port is out of range.');
  if (formats.length > SDP_LIMITS.formats || new Set(formats).size !== formats.length) {
    throw invalid('The formats of an m= line are too many or repeated.');
  }
}

/** Checks the attributes we act on; the parser behind us would take a prefix or an empty number for the real thing. */
function checkAttribute(value: string, section: Section): void {
  const direction = DIRECTIONS.find((name) => value.startsWith(name));
  if (direction !== undefined) {
    if (value !== direction || section.direction) throw invalid('The direction is malformed or repeated.');
    section.direction = true;
  } else if (value.startsWith('ptime')) {
    if (!PTIME.test(value) || section.ptime) throw invalid('The packet time is malformed or repeated.');
    section.ptime = true;
  } else if (value.startsWith('rtpmap') && !RTPMAP.test(value)) {
    throw invalid('An rtpmap attribute is malformed.');
  }
}

/** A GatewayError for a malformed session description. `message` never quotes the peer's text. */
export function invalid(message: string): GatewayError {
  return new GatewayError('SDP_INVALID', message);
}
