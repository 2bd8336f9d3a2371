export type { Checkpoint, RunIdentity, RunProgress } from './checkpoint/checkpoint.js';
export { loadCheckpoint, saveCheckpoint } from './checkpoint/checkpointFile.js';
export type { Figures, FiguresAt } from './figures.js';
export type { LossKind } from './graph/lossKind.js';
export type { TuneOptions, TuneProgress } from './options.js';
export type { TuneResult } from './result.js';
export { tune } from './tune.js';
export { type PruneTuner, type TunerOptions, type TunerResult, tuner } from './tuner.js';
