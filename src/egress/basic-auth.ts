import { GatewayError } from '../base/errors.js';

/** The value of an Authorization or Proxy-Authorization field, UTF-8 (RFC 7617 §2.1). Throws CONFIG_INVALID. */
export function basicAuth(username: string, password: string): string {
  // RFC 7617 §2: a user-id with a colon cannot be told from its password.
  if (username.includes(':')) throw new GatewayError('CONFIG_INVALID', 'a Basic user name must not hold a colon');
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** The credentials in a URL's userinfo as an Authorization value, or null without them. Throws CONFIG_INVALID. */
export function userinfoAuth(url: URL): string | null {
  if (url.username === '' && url.password === '') return null;
  return basicAuth(decoded(url.username), decoded(url.password));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new GatewayError('CONFIG_INVALID', 'the credentials in a URL are not percent-encoded UTF-8');
  }
}
