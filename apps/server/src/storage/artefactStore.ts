import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Failure } from '../failure.js';

/** Which bytes of a file: both ends included, as in HTTP. */
export interface ByteRange {
  start: number;
  end: number;
}

/** How a file is found. */
export type FileState = 'whole' | 'damaged' | 'missing';

/** Where files lie, named by the SHA-256 of what they hold. What `Blobs` knows of them is in the database. */
export interface ArtefactStore {
  /** Takes a complete file over, which is gone from its path afterwards, and survives a power cut from then on. A content that is there already, whole, stays as it is. */
  take(sha256: string, path: string, file: FileHandle): Promise<void>;
  /** @throws Failure `damaged` if it is not there, or not as it was. */
  read(sha256: string, range?: ByteRange): Promise<Readable>;
  /** Puts the file at a path, all at once, by a link where that is possible: it must not be changed there. @throws Failure `damaged` as `read` does. */
  place(sha256: string, path: string): Promise<void>;
  /** How it is, as far as is known. */
  state(sha256: string): Promise<FileState>;
  /** Reads it anew from the disk. @param pace Awaited after so many bytes. */
  check(sha256: string, pace?: (bytes: number) => Promise<void>): Promise<FileState>;
  remove(sha256: string): Promise<void>;
  /** Fails if the store cannot be used. */
  open(): Promise<void>;
}

/** What whoever needs a file is told that is not as it was. */
export function damaged(sha256: string, state: Exclude<FileState, 'whole'>): Failure {
  const what = state === 'missing' ? 'is missing from' : 'is damaged in';
  return new Failure(
    'damaged',
    `The file ${sha256} ${what} the artefact store. Upload it again, or restore it from a backup; 'snp serve --check' tells what else is.`,
  );
}
