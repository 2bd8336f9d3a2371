import { closeSync, lstatSync, mkdirSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Arrays from this size on travel as files: what goes over the channel between processes is copied several times, at a tenth of the speed. */
const LARGE = 2 ** 20;

const ARRAYS = { Float32Array, Float64Array, Int32Array, BigInt64Array, Uint8Array };

/** A large array on its way. */
class Parcel {
  readonly parcel = true;

  constructor(
    readonly file: string,
    readonly type: keyof typeof ARRAYS,
    readonly length: number,
  ) {}
}

/** Sends and receives messages between two processes that share a folder; what one packs, the other unpacks, once. */
export class Parcels {
  #next = 0;

  /**
   * @param folder Made when it is needed, for this user's eyes only. Others can read its name off the command line: one that they made is refused.
   * @param side Begins the names of this process's files.
   */
  constructor(
    private readonly folder: string,
    private readonly side: string,
  ) {}

  /** A copy of a message in which large arrays have become files. */
  pack<T>(message: T): T {
    return this.#walk(message, (array) => {
      const type = array.constructor.name as keyof typeof ARRAYS;
      if (array.byteLength < LARGE || !(type in ARRAYS)) return array;
      makeOwn(this.folder);
      const file = join(this.folder, `${this.side}-${this.#next++}`);
      writeFileSync(file, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      return new Parcel(file, type, (array as Float32Array).length);
    }) as T;
  }

  /** The message as it was before `pack`; its files are gone. */
  unpack<T>(message: T): T {
    return this.#walk(message, (array) => array) as T;
  }

  #walk(part: unknown, onArray: (array: ArrayBufferView) => unknown): unknown {
    if (ArrayBuffer.isView(part)) return onArray(part);
    if (Array.isArray(part)) return part.map((item) => this.#walk(item, onArray));
    if (typeof part !== 'object' || part === null) return part;
    if ((part as Parcel).parcel === true) return read(part as Parcel);
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, this.#walk(item, onArray)]));
  }
}

/** Makes a folder, or sees that the one that is there is this user's alone. */
function makeOwn(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const there = lstatSync(folder);
    const own = process.getuid?.();
    if (!there.isDirectory() || (own !== undefined && (there.uid !== own || (there.mode & 0o077) !== 0)))
      throw new Error(`${folder} is not a folder of this user alone`);
  }
}

function read({ file, type, length }: Parcel): ArrayBufferView {
  const array = new (ARRAYS[type] as typeof Float32Array)(length);
  const bytes = new Uint8Array(array.buffer);
  const descriptor = openSync(file, 'r');
  try {
    for (let done = 0; done < bytes.length; ) {
      const more = readSync(descriptor, bytes, done, bytes.length - done, done);
      if (more === 0) throw new Error(`${file} is truncated`);
      done += more;
    }
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
  return array;
}
