import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SMALL_VIT, snp, temporaryFolder, writeSmallVit } from './support/snp.js';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeSmallVit(at('vit.onnx'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('snp inspect --explain', () => {
  it('tells how the units of a group travel, and in which weights they are', async () => {
    const { code, stdout } = await snp('inspect', at('vit.onnx'), '--explain', 'blocks.1.ffn');
    expect(code).toBe(0);
    expect(stdout).toMatch(/blocks\.1\.ffn/);
    const { members, path } = JSON.parse(
      (await snp('inspect', at('vit.onnx'), '--explain', 'blocks.1.ffn', '--json')).stdout,
    )[0];
    expect(members.map(({ role }: { role: string }) => role).sort()).toEqual(['elementwise', 'input', 'output']);
    expect(path.map(({ node }: { node: string }) => node).join()).toMatch(/fc1.*fc2/);
  });

  it('names the operator that keeps a weight as it is', async () => {
    const { stdout } = await snp('inspect', at('vit.onnx'), '--json');
    const { initializers } = JSON.parse(stdout).frozen.find(
      ({ units }: { units: number }) => units === SMALL_VIT.classes,
    );
    const { stdout: text } = await snp('inspect', at('vit.onnx'), '--explain', initializers[0].initializer);
    expect(text).toMatch(/reaches the model's output/);
  });

  it('lists what there is where a name is unknown', async () => {
    const { code, stderr } = await snp('inspect', at('vit.onnx'), '--explain', 'blocks.7.ffn');
    expect(code).toBe(1);
    expect(stderr).toMatch(/no group, node or weight 'blocks\.7\.ffn'.*blocks\.1\.ffn/s);
  });
});

it('prune reads data through a link that leads elsewhere only with --follow-links', async () => {
  await mkdir(at('cache'));
  await mkdir(at('snapshot'));
  await writeSmallVit(at('snapshot', 'vit.onnx'), 'external');
  await rename(at('snapshot', 'vit.onnx.data'), at('cache', 'blob'));
  await symlink(at('cache', 'blob'), at('snapshot', 'vit.onnx.data'));
  const args = ['prune', at('snapshot', 'vit.onnx'), '--keep-macs', '0.8', '--no-calib', '-o', at('small.onnx')];
  const refused = await snp(...args);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/a link that leads out of the model’s folder/);
  expect((await snp(...args, '--follow-links')).code).toBe(0);
});
