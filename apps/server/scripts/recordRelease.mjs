// Keeps what a release writes for the tests of later ones: the folder of a server with a model, a data set, a pruning and a token, stopped in order.
// node scripts/recordRelease.mjs FILE [SNP]     SNP: the command of that release (default: of this one)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { brotliCompressSync, constants } from 'node:zlib';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import { clientOf } from '../../../bench/support/serverClient.mjs';

const PORT = 47_081;
const [file, snp = fileURLToPath(new URL('../../cli/bin/snp.js', import.meta.url))] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'snp-release-'));
const data = join(folder, 'data');
const server = spawn(process.execPath, [snp, 'serve', '--data', data, '--port', String(PORT), '--jobs', '1'], {
  env: { ...process.env, DATABASE_URL: '' },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const client = await clientOf(PORT, data);
const model = join(folder, 'vit.onnx');
const size = { image: 32, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' };
await writeModel(buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn: 48 } }), model);
const { id } = await client.addModel(model, 'vit.onnx');
const array = Buffer.concat([npyHeader([8, 3, 32, 32]), Buffer.alloc(4 * 8 * 3 * 32 * 32)]);
await client.json('/api/datasets', {
  name: 'typical',
  files: [{ path: 'inputs.npy', upload: await client.upload(array, array.length) }],
});
const job = await client.json('/api/prunings', { model: id, target: { ratios: { ffn: 0.5 } } });
while (!['done', 'failed'].includes((await client.json(`/api/jobs/${job.id}`)).state))
  await new Promise((resolve) => setTimeout(resolve, 200));
await client.json('/api/tokens', { name: 'reader', role: 'read' });
server.kill('SIGTERM');
await once(server, 'exit');
const entries = readdirSync(data, { recursive: true, withFileTypes: true }).map((entry) => {
  const path = join(entry.parentPath, entry.name);
  return [relative(data, path), entry.isDirectory() ? undefined : new Uint8Array(readFileSync(path))];
});
writeFileSync(file, brotliCompressSync(serialize(entries), { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }));
rmSync(folder, { recursive: true });

/** The head of an array file of NumPy, of 32-bit floats. */
function npyHeader(shape) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = `${text.padEnd(117)}\n`;
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([padded.length, 0]),
    Buffer.from(padded),
  ]);
}
