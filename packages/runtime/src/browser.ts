// What bundlers for browsers take for `@snp/runtime` (condition `browser` in package.json): the same names without files,
// processes and threads.
import { needsNode } from '@snp/onnx';
import type * as node from './index.js';

export * from './portable.js';

const DATA = 'Feed samples with tensors().';

export const arrays: typeof node.arrays = needsNode('arrays', DATA);
export const images: typeof node.images = needsNode('images', DATA);
export const openCalibration: typeof node.openCalibration = needsNode('openCalibration', DATA);
export const texts: typeof node.texts = needsNode('texts', DATA);
export const encoderBeside: typeof node.encoderBeside = needsNode('encoderBeside', DATA);
export const tokenizerBeside: typeof node.tokenizerBeside = needsNode('tokenizerBeside', DATA);
export const usedTokens: typeof node.usedTokens = needsNode('usedTokens', DATA);
const FILES = 'Keep tensors in a store of your own.';

export const openSafetensors: typeof node.openSafetensors = needsNode('openSafetensors', FILES);
export const saveSafetensors: typeof node.saveSafetensors = needsNode('saveSafetensors', FILES);
export const resolvePreprocess: typeof node.resolvePreprocess = needsNode('resolvePreprocess', DATA);

/** Models run in a browser where somebody gives a runtime for it; whoever opens one without hears so. */
export const onnxRuntime: typeof node.onnxRuntime = () => ({
  open: async () => needsNode('onnxruntime-node', 'Pass `runtime: webRuntime(ort)` with onnxruntime-web.')(),
});

export const threadPool: typeof node.threadPool = () => undefined;
