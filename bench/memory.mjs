// `node bench/memory.mjs`: peak memory of a process that reads a DeiT-Base and writes it, as a multiple of the file.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '@snp/onnx/node';
import { buildVit, DEIT_BASE } from '@snp/testing';
import { node } from './support/timing.mjs';

const folder = await mkdtemp(join(tmpdir(), 'snp-bench-'));
const [path, copy] = [join(folder, 'base.onnx'), join(folder, 'copy.onnx')];
try {
  await writeModel(buildVit({ ...DEIT_BASE, qkv: 'fused' }), path);
  const { size } = await stat(path);
  const peak = Number(await node(fileURLToPath(new URL('support/readWrite.mjs', import.meta.url)), path, copy));
  const same = Buffer.compare(await readFile(path), await readFile(copy)) === 0;
  process.stdout.write(
    `file ${mega(size)}, peak ${mega(peak)}, ratio ${(peak / size).toFixed(2)} (bound: 2.2), copy ${same ? 'equal byte for byte' : 'DIFFERENT'}\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function mega(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
