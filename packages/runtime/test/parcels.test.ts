import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, normals, random } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntime } from '../src/index.js';
import { Parcels } from '../src/session/parcels.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snp-parcels-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('messages between processes', () => {
  it('come back as they were, large arrays by way of files that are gone then', async () => {
    const whole = Float64Array.from({ length: 300_000 }, (_, at) => at / 7);
    const message = {
      kind: 'run',
      none: undefined,
      list: ['a', 1],
      small: Float32Array.of(1, 2, 3),
      large: {
        part: whole.subarray(7, 250_000),
        numbers: BigInt64Array.from({ length: 200_000 }, (_, at) => BigInt(at)),
      },
    };
    const packed = new Parcels(folder, 'to').pack(message);
    expect((await readdir(folder)).length).toBe(2);
    expect(ArrayBuffer.isView(packed.large.part)).toBe(false);
    // As the channel hands it over.
    expect(new Parcels(folder, 'from').unpack(structuredClone(packed))).toEqual(message);
    expect(await readdir(folder)).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')(
    'do not travel through a folder that others may look into, or a link',
    async () => {
      const message = { large: new Float64Array(300_000) };
      const open = join(folder, 'open');
      await mkdir(open);
      await chmod(open, 0o755);
      expect(() => new Parcels(open, 'to').pack(message)).toThrow(/not a folder of this user alone/);
      await symlink(folder, join(folder, 'link'));
      expect(() => new Parcels(join(folder, 'link'), 'to').pack(message)).toThrow(/not a folder of this user alone/);
      expect(await readdir(open)).toEqual([]);
      const made = join(folder, 'made');
      new Parcels(made, 'to').pack(message);
      expect((await stat(made)).mode & 0o777).toBe(0o700);
    },
  );

  it('bring large tensors to the runtime and back', async () => {
    const [rows, width] = [1500, 400];
    const builder = new GraphBuilder('turn');
    const x = builder.input('x', 'FLOAT', [rows, width]);
    builder.output(builder.op('', 'Transpose', [x], { perm: [1, 0] }), 'y', 'FLOAT', [width, rows]);
    const data = normals(random(1), rows * width, 1, 0);
    const session = await onnxRuntime().open(builder.model);
    const { y } = await session.run({ x: { type: 'FLOAT', dims: [rows, width], data } });
    await session.close();
    expect(y.dims).toEqual([width, rows]);
    const turned = y.data as Float32Array;
    let apart = 0;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < width; column++)
        if (turned[column * rows + row] !== data[row * width + column]) apart++;
    expect(apart).toBe(0);
  });
});
