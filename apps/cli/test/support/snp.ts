import { spawn } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';

const BIN = fileURLToPath(new URL('../../bin/snp.js', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command as its users do, in a process of its own. */
export function snp(...args: string[]): Promise<Outcome> {
  return start(args).outcome;
}

/** Starts the command, to be interrupted. */
export function start(args: readonly string[], cwd?: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: { ...process.env, NO_COLOR: '1', ...env } });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk) => stdout.push(chunk));
  child.stderr.on('data', (chunk) => stderr.push(chunk));
  const outcome = new Promise<Outcome>((resolve) => {
    child.on('close', (code) =>
      resolve({ code, stdout: String(Buffer.concat(stdout)), stderr: String(Buffer.concat(stderr)) }),
    );
  });
  return { child, outcome };
}

/** A folder of its own for a test file. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'snp-cli-'));
}

/** Names of the files in a folder, the hidden ones too. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

/** Widths of the model that `writeSmallVit` writes. */
export const SMALL_VIT = {
  image: 32,
  patch: 8,
  residual: 24,
  depth: 2,
  heads: 3,
  blocks: { queryKey: 8, value: 8, ffn: 48 },
  classes: 10,
} as const;

/** Writes a small Vision Transformer with random weights. */
export async function writeSmallVit(path: string, weights: 'inline' | 'external' = 'inline'): Promise<void> {
  await writeModel(buildVit({ ...SMALL_VIT, qkv: 'fused' }), path, { weights });
}

/** Writes one of so many tokens and neurons that its widths decide how fast it is, also on a machine that is busy. */
export async function writeBusyVit(path: string): Promise<void> {
  const blocks = { ...SMALL_VIT.blocks, ffn: 384 };
  await writeModel(buildVit({ ...SMALL_VIT, patch: 2, blocks, qkv: 'fused' }), path);
}
