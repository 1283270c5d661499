import type { HeaderLines } from '../sip/edge-application.js';

/** A SIP message as an application writes it: no Via, headers in any case, a body of whatever follows the blank line. */
export type ApplicationText =
  | { readonly kind: 'response'; readonly status: number; readonly reason: string; readonly parts: TextParts }
  | { readonly kind: 'request'; readonly method: string; readonly uri: string; readonly parts: TextParts };

export interface TextParts {
  readonly headers: HeaderLines;
  readonly body: Buffer | null;
}

const STATUS_LINE = /^SIP\/2\.0 ([1-6][0-9]{2})(?: (.*))?$/;
const REQUEST_LINE = /^([A-Za-z0-9\-.!%*_+`'~]{1,32}) (\S+) SIP\/2\.0$/;
const FIELD_NAME = /^[A-Za-z0-9\-.!%*_+`'~]{1,128}$/;
const BLANK_LINE = '\r\n\r\n';

/**
 * Reads the SIP part of an application's frame. Content-Length is ignored: the frame says where the body ends (and
 * drachtio-srf counts characters there, not bytes). Folded lines are joined, lines that are no header field are skipped.
 * Null when the start line is neither a request nor a response.
 */
export function parseApplicationText(message: Buffer): ApplicationText | null {
  const blank = message.indexOf(BLANK_LINE);
  const head = message.toString('utf8', 0, blank < 0 ? message.length : blank);
  const rest = blank < 0 ? null : message.subarray(blank + BLANK_LINE.length);
  const [startLine = '', ...lines] = head.replace(/\r\n[ \t]/g, ' ').split('\r\n');
  const parts: TextParts = { headers: fieldsOf(lines), body: rest === null || rest.length === 0 ? null : rest };
  const status = STATUS_LINE.exec(startLine);
  if (status !== null) return { kind: 'response', status: Number(status[1]), reason: status[2] ?? '', parts };
  const request = REQUEST_LINE.exec(startLine);
  if (request === null) return null;
  return { kind: 'request', method: (request[1] ?? '').toUpperCase(), uri: request[2] ?? '', parts };
}

function fieldsOf(lines: readonly string[]): HeaderLines {
  const headers: (readonly [string, string])[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trimEnd();
    const value = line.slice(colon + 1).trim();
    if (FIELD_NAME.test(name) && isOneLine(value)) headers.push([name, value]);
  }
  return headers;
}

/** Whether a header value holds no character that could end its line. */
function isOneLine(value: string): boolean {
  return !/[\r\n\0]/.test(value);
}
