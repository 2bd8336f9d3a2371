import { link, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SnpError } from '@snp/onnx';
import { measure } from '../measure/measure.js';
import type { BenchResult } from '../result/schema.js';
import type { BenchProgress, Target } from '../target/target.js';
import type { FileStore } from './fileStore.js';
import type { AgentJob } from './protocol.js';

/** Folders of jobs that run begin so. */
export const RUN_FOLDER = '.run-';

/** Where and how a job is measured. */
export interface MeasureJobOptions {
  files: FileStore;
  targets: readonly Target[];
  /** Where a folder is made that is gone afterwards. */
  folder: string;
  onProgress: (progress: BenchProgress) => void;
  signal: AbortSignal;
}

/** Measures a job whose files are all stored. */
export async function measureJob(
  { models, target, protocol }: AgentJob,
  options: MeasureJobOptions,
): Promise<BenchResult> {
  const own = options.targets.find(({ name }) => name === target);
  if (!own)
    throw new SnpError(
      'invalid-argument',
      `The agent has no target '${target}', but ${options.targets.map(({ name }) => name).join(', ')}.`,
    );
  const folder = await mkdtemp(join(options.folder, RUN_FOLDER));
  try {
    const placed = await Promise.all(
      models.map(async ({ name, sha256, data, inputs }, at) => {
        const path = join(folder, String(at), 'model.onnx');
        await place(options.files.path(sha256), path);
        for (const file of data) await place(options.files.path(file.sha256), join(folder, String(at), file.location));
        return { name, path, inputs };
      }),
    );
    const { onProgress, signal } = options;
    return await measure({ models: placed, target: own, protocol, signal, onProgress });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All files that a job needs. */
export function filesOf({ models }: AgentJob): string[] {
  return models.flatMap(({ sha256, data }) => [sha256, ...data.map((file) => file.sha256)]);
}

/** Gives a stored file the name that a model's runtime looks for. */
async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  // Links to files elsewhere are refused by runtimes that fear them; not every file system knows the other kind.
  await link(from, to).catch(() => symlink(from, to));
}
