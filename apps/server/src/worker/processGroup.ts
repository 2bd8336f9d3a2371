import { readdir, readFile } from 'node:fs/promises';

const PAGE = 4096;

/** Kills a process and all that it started, as far as they stayed in its group. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

/** Bytes of memory that the processes of a group hold; undefined where the system does not tell. */
export async function groupMemory(group: number): Promise<number | undefined> {
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return undefined;
  let bytes = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // After the name in parentheses, which may hold anything: state, parent, group.
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) !== group) continue;
    const [, resident] = (await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '')).split(' ');
    bytes += Number(resident ?? 0) * PAGE;
  }
  return bytes;
}
