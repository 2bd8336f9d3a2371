export { type ExternalDataFile, externalDataFiles } from './io/externalDataFiles.js';
export { externalFiles } from './io/externalFiles.js';
export { type OpenFile, openFile } from './io/openFile.js';
export { readModel } from './io/readModel.js';
export { READ_MODEL_DEFAULTS, type ReadModelOptions } from './io/readModelOptions.js';
export { withTemporaryFolder } from './io/temporaryFolder.js';
export { removeUnfinished, WholeFile } from './io/wholeFile.js';
export { writeFileWhole, writeTextWhole } from './io/writeFileWhole.js';
export { type WriteModelOptions, writeModel } from './io/writeModel.js';
