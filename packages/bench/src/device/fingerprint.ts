import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, cpus, freemem, platform, release, totalmem, version } from 'node:os';
import { promisify } from 'node:util';

/** What a device is, as far as it tells: results of different devices do not compare. */
export interface Fingerprint {
  cpu: string;
  cores: number;
  /** `x64`, `arm64`. */
  architecture: string;
  os: string;
  memoryBytes: number;
  freeMemoryBytes: number;
  /** Frequency governor of the first core; absent where the system does not tell (virtual machines, macOS, Windows). */
  governor?: string;
  /** Board, of small computers that say what they are. */
  board?: string;
  /** Graphics or other accelerators that answer. */
  accelerators: string[];
  node: string;
}

/** Asks the machine what it is. */
export async function fingerprint(): Promise<Fingerprint> {
  const [governor, board, accelerators, name] = await Promise.all([
    text('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    text('/proc/device-tree/model'),
    nvidia(),
    processor(),
  ]);
  return {
    cpu: name,
    cores: cpus().length,
    architecture: arch(),
    os: `${platform()} ${release()} ${version()}`.trim(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    ...(governor && { governor }),
    ...(board && { board }),
    accelerators,
    node: process.versions.node,
  };
}

/** Node knows no name for the processor of many ARM boards. */
async function processor(): Promise<string> {
  const [first] = cpus();
  if (first?.model && first.model !== 'unknown') return first.model.trim();
  const info = await text('/proc/cpuinfo');
  const part = info && /^CPU part\s*:\s*(\S+)/m.exec(info)?.[1];
  return part ? `CPU part ${part}` : 'unknown';
}

async function text(path: string): Promise<string | undefined> {
  const content = await readFile(path, 'utf8').catch(() => undefined);
  return content?.replaceAll('\0', '').trim() || undefined;
}

async function nvidia(): Promise<string[]> {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: 5000 }).catch(() => ({ stdout: '' }));
  return stdout.split('\n').flatMap((line) => line.trim() || []);
}
