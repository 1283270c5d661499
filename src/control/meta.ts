import { randomUUID } from 'node:crypto';
import type { ApplicationMessage, Sent } from '../sip/edge-application.js';

/** Time of day in UTC as the protocol writes it: `HH:MM:SS.uuuuuu`. */
export function timeOfDay(now: number): string {
  return `${new Date(now).toISOString().slice(11, 23)}000`;
}

/** Meta line of a SIP message for the application (a new request also says where it came in). */
export function sipMeta(message: ApplicationMessage, now: number): string {
  const { peer } = message;
  const size = message.bytes.length;
  const where = `${peer.transport}|${peer.address}|${peer.port}|${timeOfDay(now)}`;
  const ids = `${message.transactionId}|${message.dialogId ?? ''}`;
  const receivedOn =
    message.kind === 'request' && message.dialogId === null ? `${peer.localAddress}|${peer.localPort}|` : '';
  return `${randomUUID()}|sip|${message.source}|${size}|${where}|${ids}|${receivedOn}`;
}

/** A positive answer with its values. */
export function okMeta(commandId: string, ...values: readonly string[]): string {
  return [randomUUID(), 'response', commandId, 'OK', ...values].join('|');
}

/** The server refuses the command itself; drachtio-server closes the connection after most of these. */
export function noMeta(commandId: string, text: string): string {
  return `${randomUUID()}|response|${commandId}|NO|${text}`;
}

/** What was asked cannot be done. */
export function nokMeta(commandId: string, text: string): string {
  return `${randomUUID()}|response|${commandId}|NOK|${text}`;
}

/** Echo of a response that was sent: drachtio-srf takes the dialog id from token 11. */
export function sentResponseMeta(commandId: string, sent: Sent, now: number): string {
  return okMeta(commandId, ...sentTokens(sent, now), sent.dialogId ?? '', '', 'Msg sent:', '');
}

/** Echo of a request that was sent: the transaction id is token 10, no dialog id follows. */
export function sentRequestMeta(commandId: string, sent: Sent, now: number): string {
  return okMeta(commandId, ...sentTokens(sent, now), 'Msg sent:', '');
}

function sentTokens(sent: Sent, now: number): string[] {
  const { peer } = sent;
  return [
    'application',
    String(sent.bytes.length),
    peer.transport,
    peer.address,
    String(peer.port),
    timeOfDay(now),
    sent.transactionId,
  ];
}
