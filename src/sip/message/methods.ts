/** Methods with a registered meaning: RFC 3261, 3262 (PRACK), 3311 (UPDATE), 3428 (MESSAGE), 3515 (REFER), 3903 (PUBLISH), 6086 (INFO), 6665. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'ACK',
  'BYE',
  'CANCEL',
  'INFO',
  'INVITE',
  'MESSAGE',
  'NOTIFY',
  'OPTIONS',
  'PRACK',
  'PUBLISH',
  'REFER',
  'REGISTER',
  'SUBSCRIBE',
  'UPDATE',
]);

/** Methods whose success makes or refreshes a dialog: they carry exactly one Contact (RFC 3261 §8.1.1.8, §12.2.1.1). */
export const TARGET_METHODS: ReadonlySet<string> = new Set(['INVITE', 'NOTIFY', 'REFER', 'SUBSCRIBE', 'UPDATE']);

/** Methods whose 101–299 responses make a dialog and therefore repeat Record-Route (RFC 3261 §12.1.1). */
export const DIALOG_METHODS: ReadonlySet<string> = new Set(['INVITE', 'REFER', 'SUBSCRIBE']);
