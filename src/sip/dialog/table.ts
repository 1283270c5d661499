import type { DialogSession } from './session.js';

/** All dialogs of the edge, by the id that the application uses. */
export class DialogTable {
  readonly #sessions = new Map<string, DialogSession>();

  get size(): number {
    return this.#sessions.size;
  }

  values(): IterableIterator<DialogSession> {
    return this.#sessions.values();
  }

  /** The caller has made sure with `get` that the id is free: one Call-ID and From tag is one dialog of ours. */
  add(session: DialogSession): void {
    this.#sessions.set(session.dialog.id, session);
  }

  get(id: string): DialogSession | undefined {
    return this.#sessions.get(id);
  }

  /**
   * RFC 3261 §12: a dialog is named by Call-ID, local and remote tag together. Before a tag of ours was sent nobody can
   * name it.
   */
  match(id: string, localTag: string | null): DialogSession | undefined {
    const session = this.#sessions.get(id);
    return session?.dialog.state !== 'trying' && session?.dialog.localTag === localTag ? session : undefined;
  }

  /** Ends `session` and forgets it. */
  remove(session: DialogSession): void {
    if (this.#sessions.get(session.dialog.id) === session) this.#sessions.delete(session.dialog.id);
    session.close();
  }
}
