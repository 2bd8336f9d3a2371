import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../../bench/serverEndurance.mjs', import.meta.url));
const { findPostgres } = await import(new URL('../../../bench/support/temporaryPostgres.mjs', import.meta.url).href);
const { reason } = findPostgres() as { reason?: string };
if (reason) console.warn(`The test on PostgreSQL is skipped: ${reason}.`);

describe('on PostgreSQL', () => {
  it.skipIf(reason)(
    'jobs outlive workers that are killed, a server that is killed and a database that is restarted, each once',
    async () => {
      const args = [SCRIPT, '--jobs', '6', '--workers', '2', '--kills', '2'];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const outcome = JSON.parse(stdout);
      expect(outcome).toMatchObject({ done: 6, differing: [], twice: [], models: 6 });
      expect(outcome.happened).toHaveLength(4);
      // All of them begin at once on an empty database.
      expect(outcome.ends.quiet).toBe(0);
    },
  );
});
