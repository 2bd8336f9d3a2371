import { execFileSync } from 'node:child_process';

/** Process numbers of a process's children that run models. Not for Windows. */
export function inferenceProcesses(parent = process.pid): number[] {
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return list.split('\n').flatMap((line) => {
    const [pid, ppid, ...command] = line.trim().split(/\s+/);
    return Number(ppid) === parent && /worker\.js /.test(`${command.join(' ')} `) ? [Number(pid)] : [];
  });
}

/** True while a process exists. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
