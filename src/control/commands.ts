const CR = 0x0d;
const LF = 0x0a;

/** What an application asks for. `id` is its message id, echoed in the answer. */
export type Command =
  | { readonly kind: 'authenticate'; readonly id: string; readonly secret: string }
  | { readonly kind: 'route' | 'remove_route'; readonly id: string; readonly verb: string }
  | { readonly kind: 'ping'; readonly id: string }
  | {
      readonly kind: 'sip';
      readonly id: string;
      /** Empty when the application named none. */
      readonly transactionId: string;
      readonly dialogId: string;
      readonly message: Buffer;
    }
  | { readonly kind: 'proxy'; readonly id: string }
  | { readonly kind: 'malformed'; readonly id: string; readonly reason: string };

/**
 * Reads one payload: a meta line of tokens separated by `|`, optionally CRLF and a SIP message. Never throws: what is
 * no command is `malformed` and says why.
 */
export function parseCommand(payload: Buffer): Command {
  const end = lineEnd(payload);
  const message = end < 0 ? null : payload.subarray(end + 2);
  const tokens = payload.toString('utf8', 0, end < 0 ? payload.length : end).split('|');
  const [id = '', kind, first = '', second = ''] = tokens;
  if (id === '' || kind === undefined) return { kind: 'malformed', id, reason: 'invalid message' };
  switch (kind) {
    case 'authenticate':
      return { kind, id, secret: first };
    case 'route':
    case 'remove_route':
      return first === ''
        ? { kind: 'malformed', id, reason: `${kind} needs a verb` }
        : { kind, id, verb: first.toLowerCase() };
    case 'ping':
      return { kind, id };
    case 'sip':
      return message === null
        ? { kind: 'malformed', id, reason: 'sip message missing' }
        : { kind, id, transactionId: first, dialogId: second, message };
    case 'proxy':
      return { kind, id };
    default:
      return { kind: 'malformed', id, reason: 'unknown message type' };
  }
}

function lineEnd(payload: Buffer): number {
  const at = payload.indexOf(CR);
  return at >= 0 && payload[at + 1] === LF ? at : -1;
}
