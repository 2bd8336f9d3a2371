import { type Model, SnpError } from '@snp/onnx';
import type { Calibration, HoldingRuntime } from '@snp/runtime';
import type { Checkpoint } from './checkpoint/checkpoint.js';
import type { FiguresAt } from './figures.js';
import type { LossKind } from './graph/lossKind.js';

/** Options of `tune`. */
export interface TuneOptions {
  /** The model that the student was pruned from, or its path: it takes the same inputs and gives the same outputs. */
  teacher: Model | string;
  /** Typical inputs; labels are not needed. All are kept in memory. */
  data: Calibration;
  /** Where models run. Default: `onnxRuntime()`. */
  runtime?: HoldingRuntime | undefined;
  /** How often all samples are trained on. Default 10, if `time` says nothing else. */
  epochs?: number | undefined;
  /** Milliseconds that all of it may take, finding a rate included, instead of `epochs`. What comes out then depends on how fast the machine is. */
  time?: number | undefined;
  /** Samples of a step; of a model that takes so many at a time, a multiple of them. Default: as many as take about 10 G multiply-accumulates, from 8 to 128, but no more than there are. */
  batchSize?: number | undefined;
  /** Bytes that training may take, by estimate: a batch runs in parts that have room, and their gradients add up. Default: a batch runs at once. */
  memory?: number | undefined;
  /** Learning rate at its highest. Default: the best of 1e-5, 1e-4 and 1e-3, each tried for a few steps. */
  rate?: number | undefined;
  /** Whether pictures are mirrored, moved and cut anew each time. Default: true for data that say that they are pictures. */
  augment?: boolean | undefined;
  /** Seed of all that is drawn. Default 0. */
  seed?: number | undefined;
  /** Samples to choose rates and states by, at least 16, in place of some of `data`. Best are some that pruning did not see either. */
  validation?: Calibration | undefined;
  /** The share of samples that is held back to choose by, at random, at least 16 of them. Default: every eighth, as `prune` of `@snp/core` holds them back, so that pruning did not see them either. */
  heldBack?: number | undefined;
  /** What scores are divided by before they become probabilities. Default 1. */
  temperature?: number | undefined;
  /** Share of the matrices that leaves in a step, times the rate (AdamW). Default 0. */
  weightDecay?: number | undefined;
  /** Longest gradient of all weights together. Default 1. */
  clip?: number | undefined;
  /** The share of the loss that labels make up (cross-entropy), in place of the teacher's answers, of a model with one output of scores per sample. Samples without a label count in the rest alone. Default 0. */
  labels?: number | undefined;
  /** The loss of an output, by name. Default: by its name and shape. */
  losses?: Readonly<Record<string, LossKind>> | undefined;
  /** Stops at once, with an error. */
  signal?: AbortSignal | undefined;
  /** Ends early, with the best that was found. */
  enough?: AbortSignal | undefined;
  /** Given the state of training from time to time, and when `enough` fires: what it is passed to `resume` with goes on from there. Training waits for it. */
  onCheckpoint?: ((checkpoint: Checkpoint) => void | Promise<void>) | undefined;
  /** Milliseconds between checkpoints. Default: five minutes. */
  checkpointEvery?: number | undefined;
  /** Where to go on, with the same student, data and options as before. With the same machine and threads the result is that of a run without a break, to the bit, unless `time` says how long. */
  resume?: Checkpoint | undefined;
  /** Told how far it is, many times a second. */
  onProgress?: ((progress: TuneProgress) => void) | undefined;
  /** Told each time that the held-back samples were looked at. */
  onFigures?: ((figures: FiguresAt) => void) | undefined;
}

/** How far `tune` is. */
export interface TuneProgress {
  step: 'read' | 'teach' | 'rates' | 'train';
  done: number;
  /** Undefined where it is not known. With `time`, training counts seconds. */
  total: number | undefined;
}

const DEFAULTS = {
  seed: 0,
  temperature: 1,
  weightDecay: 0,
  clip: 1,
  labels: 0,
  checkpointEvery: 300_000,
} as const;

const DEFAULT_EPOCHS = 10;

/** Options with their defaults. */
export type Settings = TuneOptions & Required<Pick<TuneOptions, keyof typeof DEFAULTS>>;

const KNOWN: ReadonlySet<string> = new Set<keyof TuneOptions>([
  'teacher',
  'data',
  'runtime',
  'epochs',
  'time',
  'batchSize',
  'memory',
  'rate',
  'augment',
  'seed',
  'validation',
  'heldBack',
  'temperature',
  'weightDecay',
  'clip',
  'labels',
  'losses',
  'onCheckpoint',
  'checkpointEvery',
  'resume',
  'signal',
  'enough',
  'onProgress',
  'onFigures',
]);

/** Checks options and fills in what was not given. */
export function settingsOf(options: TuneOptions): Settings {
  const fail = (message: string): never => {
    throw new SnpError('invalid-argument', message);
  };
  for (const name of Object.keys(options))
    if (!KNOWN.has(name)) fail(`tune has no option '${name}'. It has ${[...KNOWN].join(', ')}.`);
  const settings = { ...DEFAULTS, ...stated(options) };
  const { epochs, time, heldBack, seed } = settings;
  if (epochs !== undefined && time !== undefined)
    fail("'epochs' and 'time' both say how long to train. Give one of them.");
  for (const name of [
    'epochs',
    'time',
    'rate',
    'temperature',
    'clip',
    'batchSize',
    'memory',
    'checkpointEvery',
  ] as const) {
    const value = settings[name];
    if (value !== undefined && !(value > 0 && Number.isFinite(value))) fail(`'${name}' must be a number above 0.`);
  }
  for (const name of ['epochs', 'batchSize'] as const)
    if (!Number.isInteger(settings[name] ?? 1)) fail(`'${name}' must be a whole number.`);
  if (heldBack !== undefined && !(heldBack > 0 && heldBack < 1))
    fail("'heldBack' is a share of the samples, above 0 and below 1.");
  if (heldBack !== undefined && settings.validation)
    fail("'heldBack' and 'validation' both say what to choose by. Give one of them.");
  if (!(settings.weightDecay >= 0 && Number.isFinite(settings.weightDecay))) fail("'weightDecay' must be 0 or more.");
  if (!(settings.labels >= 0 && settings.labels <= 1)) fail("'labels' is a share of the loss, from 0 to 1.");
  if (!Number.isInteger(seed) || seed < 0) fail("'seed' must be a whole number from 0 on.");
  for (const [output, loss] of Object.entries(settings.losses ?? {}))
    if (loss !== 'divergence' && loss !== 'error')
      fail(`The loss of '${output}' is 'divergence' or 'error', not '${loss}'.`);
  return time === undefined ? { ...settings, epochs: epochs ?? DEFAULT_EPOCHS } : settings;
}

/** What was given; undefined is nothing. */
function stated(options: TuneOptions): TuneOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as TuneOptions;
}
