import type { Readable } from 'node:stream';

/** Which bytes of a file: both ends included, as in HTTP. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Where files lie, named by the SHA-256 of what they hold. What `Blobs` knows of them is in the database. */
export interface ArtefactStore {
  /** Takes a complete file over, which is gone from its path afterwards. A content that is there already stays as it is. */
  take(sha256: string, path: string): Promise<void>;
  /** @throws SnpError `io` if it is not there. */
  read(sha256: string, range?: ByteRange): Promise<Readable>;
  /** Puts the file at a path, all at once, by a link where that is possible: it must not be changed there. */
  place(sha256: string, path: string): Promise<void>;
  has(sha256: string): Promise<boolean>;
  remove(sha256: string): Promise<void>;
  /** Fails if it cannot be used. */
  check(): Promise<void>;
}
