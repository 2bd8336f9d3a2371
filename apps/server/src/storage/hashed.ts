import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';

/** Lets a content through and fails at its end if it has another hash; its last piece is held back until then, so that nobody takes it for whole. */
export function hashed(sha256: string, fail: () => Error): Transform {
  const hash = createHash('sha256');
  let last: Uint8Array | undefined;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      const ready = last;
      last = chunk;
      done(null, ready);
    },
    flush(done) {
      if (hash.digest('hex') === sha256) done(null, last);
      else done(fail());
    },
  });
}
