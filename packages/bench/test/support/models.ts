import { mkdtempSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import type { BenchModel } from '../../src/index.js';

/** A folder of its own; the system clears it away. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'snp-bench-'));
}

/** Writes a small Vision Transformer with random weights. */
export async function smallModel(
  path: string,
  { ffn = 48, weights = 'inline' as 'inline' | 'external' } = {},
): Promise<BenchModel> {
  const size = { image: 32, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' } as const;
  await mkdir(dirname(path), { recursive: true });
  await writeModel(buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn } }), path, { weights });
  return { name: path.split('/').at(-1)!, path, inputs: { batch: 1 } };
}
