export type { Figures, FiguresAt } from './figures.js';
export type { LossKind } from './graph/lossKind.js';
export type { TuneOptions, TuneProgress } from './options.js';
export type { TuneResult } from './result.js';
export { tune } from './tune.js';
