// What bundlers for browsers take for `@snp/onnx/node` (condition `browser` in package.json): the same names without files.
import { needsNode } from './needsNode.js';
import type * as node from './node.js';

export { READ_MODEL_DEFAULTS } from './io/readModelOptions.js';

const READ = 'Decode the bytes of a model with decodeModel of @snp/onnx.';
const WRITE = 'Encode a model with encodeModel of @snp/onnx and hand its bytes on.';

export const externalDataFiles: typeof node.externalDataFiles = needsNode('externalDataFiles', READ);
export const externalFiles: typeof node.externalFiles = needsNode('externalFiles', READ);
export const openFile: typeof node.openFile = needsNode('openFile', 'Fetch the bytes.');
export const privateFolder: typeof node.privateFolder = needsNode('privateFolder', WRITE);
export const readModel: typeof node.readModel = needsNode('readModel', READ);
export const removeUnfinished: typeof node.removeUnfinished = () => {};
export const WholeFile: typeof node.WholeFile = needsNode('WholeFile', WRITE);
export const withTemporaryFolder: typeof node.withTemporaryFolder = needsNode('withTemporaryFolder', WRITE);
export const writeFileWhole: typeof node.writeFileWhole = needsNode('writeFileWhole', WRITE);
export const writeModel: typeof node.writeModel = needsNode('writeModel', WRITE);
export const writeTextWhole: typeof node.writeTextWhole = needsNode('writeTextWhole', WRITE);
