import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from './client.js';

const SNP = fileURLToPath(new URL('../../../cli/bin/snp.js', import.meta.url));

/** How a command ended, and what it said. */
export interface Ended {
  code: number | null;
  output: string;
}

/** Runs `snp` until it ends; `through` is the command that starts it. */
export function runSnp(
  args: readonly string[],
  { node = [] as string[], through = [] as string[], env = {} as Record<string, string> } = {},
): Promise<Ended> {
  const child = start(args, node, through, env);
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (output += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

/** A server as the command starts it. */
export class ServedFolder {
  private constructor(
    readonly child: ChildProcess,
    readonly client: Client,
  ) {}

  static async start(
    data: string,
    { args = [] as string[], node = [] as string[], through = [] as string[] } = {},
  ): Promise<ServedFolder> {
    const child = start(
      ['serve', '--port', '0', '--data', data, '--jobs', '1', '--log-level', 'silent', ...args],
      node,
      through,
    );
    const url = await new Promise<string>((resolve, reject) => {
      let said = '';
      for (const stream of [child.stdout!, child.stderr!])
        stream.on('data', (text) => {
          said += text;
          const found = /(http:\S+) serves/.exec(said)?.[1];
          if (found) resolve(found);
        });
      child.once('exit', () => reject(new Error(said)));
    });
    return new ServedFolder(child, new Client(url, readFileSync(join(data, 'token'), 'utf8').trim()));
  }

  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<unknown> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    return ended;
  }
}

function start(
  args: readonly string[],
  node: readonly string[],
  through: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const [command, ...rest] = [...through, process.execPath, ...node, SNP, ...args];
  return spawn(command, rest, { env: { ...process.env, DATABASE_URL: '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}
