import { expect, it } from 'vitest';
import * as standIns from '../src/browser.js';
import * as node from '../src/index.js';

it('a browser finds every name of Node, and hears what to use instead', async () => {
  expect(Object.keys(standIns).sort()).toEqual(Object.keys(node).sort());
  expect(standIns.svd).toBe(node.svd);
  expect(standIns.threadPool(() => new URL('file:///worker.js'))).toBeUndefined();
  expect(() => standIns.images('pictures')).toThrow(/images needs Node.*tensors/);
  await expect(standIns.onnxRuntime().open('vit.onnx')).rejects.toMatchObject({ code: 'unsupported' });
});
