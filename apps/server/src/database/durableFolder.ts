import { closeSync, fsyncSync, openSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** Parameters with which PGlite begins: all of its own but that which turns syncs off. */
export function durableParameters(defaults: readonly string[]): string[] {
  // Of the ways to sync its log, PGlite's system library has only this one; the default is silently none.
  return [...defaults.filter((parameter) => parameter !== '-F'), '-c', 'wal_sync_method=fsync'];
}

/** What is used here of the file system that PGlite sees. */
interface Stream {
  path: string;
  node: object;
  /** Of a file; folders have none. */
  nfd?: number;
}
interface Module {
  NODEFS: {
    realPath(node: object): string;
    stream_ops: { write(stream: Stream, ...rest: unknown[]): number; fsync?(stream: Stream): number };
  };
}

/** Written at every start, before anything else, and of no account for the data. */
const NO_DATA = /\/postmaster\.pid$/;

/**
 * A folder of PGlite whose files reach the disk when PostgreSQL wants them there. PGlite itself lets syncs pass without doing anything.
 * Whatever is in the folder must be durable before (`syncTree`): PostgreSQL syncs all of it, a file after the other, when it recovers
 * from a crash; until something is written, there is nothing to do.
 */
export class DurableFolder extends NodeFS {
  override async init(...[pglite, options]: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(pglite as PGlite, options);
    const preRun = [emscriptenOpts.preRun ?? []].flat();
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, (module) => addSync(module as never)] } };
  }
}

function addSync({ NODEFS }: Module): void {
  let isWritten = false;
  const { write } = NODEFS.stream_ops;
  NODEFS.stream_ops.write = (stream, ...rest) => {
    isWritten ||= !NO_DATA.test(stream.path);
    return write(stream, ...rest);
  };
  NODEFS.stream_ops.fsync = (stream) => {
    if (!isWritten) return 0;
    const descriptor = stream.nfd ?? openSync(NODEFS.realPath(stream.node), 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      if (stream.nfd === undefined) closeSync(descriptor);
    }
    return 0;
  };
}
