// A PostgreSQL cluster of its own from the system's package, gone with its folder.
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './freePort.mjs';

const FOLDER = '/usr/lib/postgresql';

/** Where the newest PostgreSQL's programs are, or why there are none that can be used. */
export function findPostgres() {
  const versions = existsSync(FOLDER) ? readdirSync(FOLDER).sort((a, b) => Number(b) - Number(a)) : [];
  if (versions.length === 0) return { reason: `PostgreSQL is not installed (${FOLDER})` };
  if (process.getuid() !== 0) return { bin: join(FOLDER, versions[0], 'bin'), user: {} };
  // It refuses to run as root.
  const ids = ['-u', '-g'].map((flag) => spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout?.trim());
  if (!ids[0]) return { reason: 'there is no user postgres to run it as' };
  return { bin: join(FOLDER, versions[0], 'bin'), user: { uid: Number(ids[0]), gid: Number(ids[1]) } };
}

/** Starts a cluster; `restart` ends all its connections, as an update does. */
export async function temporaryPostgres() {
  const { bin, user, reason } = findPostgres();
  if (reason) throw new Error(reason);
  const folder = mkdtempSync(join(tmpdir(), 'snp-postgres-'));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const port = await freePort();
  const data = join(folder, 'data');
  const run = (program, args) =>
    execFileSync(join(bin, program), args, { ...user, cwd: folder, stdio: 'pipe', env: { LC_ALL: 'C' } });
  run('initdb', ['-D', data, '-U', 'snp', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
  const control = (action, ...more) => run('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), action, ...more]);
  control('start', '-o', options);
  return {
    url: `postgres://snp@127.0.0.1:${port}/postgres`,
    restart: () => control('restart', '-m', 'immediate', '-o', options),
    stop() {
      control('stop', '-m', 'immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
