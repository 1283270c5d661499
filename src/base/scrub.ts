/**
 * Free text can carry what structured redaction never sees: a SIP dump, a URL with credentials, an SDP key line.
 * Each pattern keeps what names the secret and drops the secret itself.
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b((?:proxy-)?authorization\s*[:=]\s*)[^\r\n]+/gi, '$1[secret]'],
  [/(\b[a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/@]{1,512}@/gi, '$1[secret]@'],
  [/(\bsips?:[^\s@:;>]{1,256}):[^\s@>]{1,256}@/gi, '$1:[secret]@'],
  [/(\binline:)[A-Za-z0-9+/=|:-]+/g, '$1[secret]'],
  [/([?&](?:access_token|token|key|api_?key|watson-token|password)=)[^&\s"]+/gi, '$1[secret]'],
  [/\b((?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{8,}/gi, '$1[secret]'],
  [/("?\b(?:password|passwd|secret|apikey|api_key)"?\s*[:=]\s*)("[^"\r\n]*"|[^\s,;"]+)/gi, '$1[secret]'],
];

/** Longest text kept of one logged string. */
const MAX_CHARS = 1_024;

/** `text` without credentials and SRTP keys, without control and bidirectional characters, at most 1,024 characters long. */
export function scrub(text: string): string {
  let result = text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
  for (const [pattern, replacement] of PATTERNS) result = result.replace(pattern, replacement);
  // C0 but tab and line ends, C1, and the characters that reorder or hide text in a terminal.
  return result.replace(
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g,
    '\ufffd',
  );
}
