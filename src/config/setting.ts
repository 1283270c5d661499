/** One written value, not yet checked: what stands in the file or in the environment, and where. */
export type Setting = Written & (ScalarShape | ListShape | OtherShape);

interface Written {
  readonly source: 'file' | 'environment';
  /** For problems: `portcullis.yaml:4:11`, `environment SIP_PORT`. */
  readonly where: string;
  /** For the effective configuration: `portcullis.yaml:4`, `environment SIP_PORT`. */
  readonly origin: string;
}

interface ScalarShape {
  readonly shape: 'scalar';
  /** As written: numbers keep their sign and leading zeros, which matter in telephone numbers. Null: nothing. */
  readonly text: string | null;
}

interface ListShape {
  readonly shape: 'list';
  readonly items: readonly Item[];
}

/** A map where a value belongs. */
interface OtherShape {
  readonly shape: 'other';
}

/** One element of a list. */
export interface Item {
  /** Null for what is not text. */
  readonly text: string | null;
  /** The only key, where the element is a map: `user: alice` without quotes. */
  readonly key: string | null;
  readonly where: string;
  /** For decision records: `WHITELIST_FROM_URI[2]`, `portcullis.yaml:14`. */
  readonly origin: string;
}

/** Settings by leaf path. */
export type Settings = ReadonlyMap<string, Setting>;
