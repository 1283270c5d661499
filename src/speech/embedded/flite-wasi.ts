/** What we use of the WebAssembly global; Node's types leave it out. */
interface CompiledModule {
  readonly [compiled: symbol]: never;
}
declare const WebAssembly: {
  readonly Instance: new (
    module: CompiledModule,
    imports: object,
  ) => { readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly _start: () => void } };
};

/**
 * Runs flite (a command-line program compiled to WASI preview 1) once and returns the bytes of the one file it writes.
 * The program gets its arguments, a clock that stands still, and that file, in memory: no directory, no environment,
 * no other descriptor. Throws when it ends with another status than 0 or writes more than `maxBytes`.
 *
 * The function's source text is the body of a worker thread, so it uses nothing from outside itself but globals.
 */
export function runFlite(module: CompiledModule, args: readonly string[], maxBytes: number): Uint8Array<ArrayBuffer> {
  const OK = 0;
  const BAD_DESCRIPTOR = 8;
  const DIRECTORY = 3;
  const FILE = 4;
  const EXIT = new Error('exit');
  const argv = args.map((argument) => new TextEncoder().encode(`${argument}\0`));
  let file = new Uint8Array(65_536);
  let size = 0;
  let position = 0;
  let status = 0;
  const view = (): DataView => new DataView(instance.exports.memory.buffer);
  const bytesAt = (at: number, length: number): Uint8Array =>
    new Uint8Array(instance.exports.memory.buffer, at, length);

  const append = (chunk: Uint8Array): void => {
    const end = position + chunk.length;
    if (end > maxBytes) throw new Error('flite wrote more audio than is allowed');
    if (end > file.length) {
      const larger = new Uint8Array(Math.max(end, file.length * 2));
      larger.set(file);
      file = larger;
    }
    file.set(chunk, position);
    position = end;
    size = Math.max(size, end);
  };

  const system = {
    args_sizes_get(count: number, bytes: number): number {
      view().setUint32(count, argv.length, true);
      view().setUint32(
        bytes,
        argv.reduce((sum, argument) => sum + argument.length, 0),
        true,
      );
      return OK;
    },
    args_get(pointers: number, text: number): number {
      let at = text;
      argv.forEach((argument, index) => {
        view().setUint32(pointers + index * 4, at, true);
        bytesAt(at, argument.length).set(argument);
        at += argument.length;
      });
      return OK;
    },
    clock_time_get(_id: number, _precision: bigint, result: number): number {
      view().setBigUint64(result, 0n, true);
      return OK;
    },
    fd_prestat_get(descriptor: number, result: number): number {
      if (descriptor !== DIRECTORY) return BAD_DESCRIPTOR;
      view().setUint32(result, 0, true);
      view().setUint32(result + 4, 1, true);
      return OK;
    },
    fd_prestat_dir_name(_descriptor: number, path: number): number {
      bytesAt(path, 1)[0] = 0x2f;
      return OK;
    },
    path_open(...values: [number, number, number, number, number, bigint, bigint, number, number]): number {
      view().setUint32(values[8], FILE, true);
      return OK;
    },
    fd_fdstat_get(descriptor: number, result: number): number {
      bytesAt(result, 24).fill(0);
      view().setUint8(result, descriptor === DIRECTORY ? 3 : 4);
      view().setBigUint64(result + 8, 0xffff_ffff_ffff_ffffn, true);
      view().setBigUint64(result + 16, 0xffff_ffff_ffff_ffffn, true);
      return OK;
    },
    fd_fdstat_set_flags: (): number => OK,
    fd_close: (): number => OK,
    fd_read(_descriptor: number, _vectors: number, _count: number, result: number): number {
      view().setUint32(result, 0, true);
      return OK;
    },
    fd_seek(descriptor: number, offset: bigint, whence: number, result: number): number {
      if (descriptor !== FILE) return BAD_DESCRIPTOR;
      position = Math.max(0, Number(offset) + (whence === 0 ? 0 : whence === 1 ? position : size));
      view().setBigUint64(result, BigInt(position), true);
      return OK;
    },
    fd_write(descriptor: number, vectors: number, count: number, result: number): number {
      let written = 0;
      for (let index = 0; index < count; index += 1) {
        const length = view().getUint32(vectors + index * 8 + 4, true);
        // Standard output and error of the program go nowhere: they repeat the text.
        if (descriptor === FILE) append(bytesAt(view().getUint32(vectors + index * 8, true), length));
        written += length;
      }
      view().setUint32(result, written, true);
      return OK;
    },
    proc_exit(code: number): never {
      status = code;
      throw EXIT;
    },
  };

  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: system });
  try {
    instance.exports._start();
  } catch (error) {
    if (error !== EXIT) throw error;
  }
  if (status !== 0) throw new Error(`flite ended with status ${status}`);
  return file.slice(0, size);
}
