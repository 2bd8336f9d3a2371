export type { LossKind } from './graph/lossKind.js';
export type { FiguresAt, TuneOptions, TuneProgress } from './options.js';
export type { TuneResult } from './result.js';
export type { Figures } from './run/heldBack.js';
export { tune } from './tune.js';
