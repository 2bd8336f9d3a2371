import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { measure, webTarget } from '../src/index.js';
import { smallModel, temporaryFolder } from './support/models.js';
import { BRIEF } from './support/protocol.js';

const folder = temporaryFolder();
const target = webTarget({ threads: 2 });
const found = await target.probe();
if (!found.available) console.warn(`No test in a browser: ${found.reason}`);

afterAll(() => target.close?.());

describe.skipIf(!found.available)('a browser', () => {
  it('runs models, with external data too, with threads', async () => {
    const models = [
      await smallModel(join(folder, 'inline.onnx')),
      await smallModel(join(folder, 'external.onnx'), { weights: 'external' }),
    ];
    const result = await measure({ models, target, protocol: { ...BRIEF, launches: 1 } });
    expect(result.models).toMatchObject([{ state: 'measured' }, { state: 'measured' }]);
    expect(result.target).toMatchObject({ runtime: 'onnxruntime-web', detail: expect.stringMatching(/Chromium/) });
  });
});

it('WebGPU is there each time that it is asked for, or never', async () => {
  const webgpu = webTarget({ provider: 'webgpu' });
  const found: boolean[] = [];
  for (let time = 0; time < 6; time++) found.push((await webgpu.probe()).available);
  expect(new Set(found).size).toBe(1);
});

it('WebGPU is there or says why not', async () => {
  const webgpu = webTarget({ provider: 'webgpu' });
  const probe = await webgpu.probe();
  if (!probe.available) {
    console.warn(`No WebGPU: ${probe.reason}`);
    expect(probe.reason.length).toBeGreaterThan(10);
    return;
  }
  const model = await smallModel(join(folder, 'webgpu.onnx'));
  const { models } = await measure({ models: [model], target: webgpu, protocol: { ...BRIEF, launches: 1 } });
  await webgpu.close?.();
  expect(models[0].state).toBe('measured');
});
