import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SnpError } from '@snp/onnx';
import type { Feed, Feeds } from './feeds.js';
import { normals, random } from './random.js';
import { sharedFolder } from './sharedFolder.js';

/** How one input of a model is to be filled, as the `zoo.json` files beside the shared models state it. */
export interface InputSpec {
  readonly name: string;
  readonly dtype: 'float' | 'int64';
  /** A concrete shape; the first dimension is the batch. */
  readonly shape: readonly number[];
  /** `normal`, `ones`, `zeros`, or `randint:N` for whole numbers in [0, N). */
  readonly fill: string;
}

/** A real exported model of the shared folder. */
export interface SharedModel {
  /** Name of the file, as `bert_like.onnx`. */
  readonly file: string;
  readonly path: string;
  readonly inputs: readonly InputSpec[];
}

/** Options of `inputs`. */
export interface InputsOptions {
  /** Batch size in place of the stated one. */
  batch?: number;
  /** Default 0. Different seeds give different fills. */
  seed?: number;
}

/** The shared models that come with a statement of their inputs; none where the shared folder is missing. */
export function sharedModels(): SharedModel[] {
  const shared = sharedFolder();
  return shared ? ['models', 'zoo'].flatMap((folder) => listed(join(shared, folder))) : [];
}

function listed(folder: string): SharedModel[] {
  const index = join(folder, 'zoo.json');
  if (!existsSync(index)) return [];
  const entries: Record<string, { inputs: InputSpec[] }> = JSON.parse(readFileSync(index, 'utf8'));
  return Object.entries(entries).map(([file, { inputs }]) => ({ file, path: join(folder, file), inputs }));
}

/**
 * Feeds that fill `specs`. Every element is drawn in order, so a larger batch begins with the samples of a smaller one.
 *
 * @throws SnpError `unsupported` for an element type or a fill that is not known.
 * @example
 * const [model] = sharedModels();
 * const outputs = await runModel(model.path, inputs(model.inputs, { batch: 3 }));
 */
export function inputs(specs: readonly InputSpec[], options: InputsOptions = {}): Feeds {
  const feeds: Feeds = {};
  for (const spec of specs) feeds[spec.name] = filled(spec, options);
  return feeds;
}

function filled(spec: InputSpec, options: InputsOptions): Feed {
  const dims = options.batch === undefined ? [...spec.shape] : spec.shape.with(0, options.batch);
  const length = dims.reduce((product, dim) => product * dim, 1);
  const values = numbers(spec, length, options.seed ?? 0);
  if (spec.dtype === 'float') return { type: 'FLOAT', dims, data: Float32Array.from(values) };
  if (spec.dtype === 'int64') return { type: 'INT64', dims, data: BigInt64Array.from(values, BigInt) };
  throw unknown(spec, `element type '${spec.dtype}' (known: float, int64)`);
}

function numbers(spec: InputSpec, length: number, seed: number): Iterable<number> {
  const stream = random(seed, spec.name);
  const bound = /^randint:(\d+)$/.exec(spec.fill);
  if (bound) return Array.from({ length }, () => stream.integer(Number(bound[1])));
  if (spec.fill === 'normal' && spec.dtype === 'float') return normals(stream, length);
  if (spec.fill === 'ones') return new Float32Array(length).fill(1);
  if (spec.fill === 'zeros') return new Float32Array(length);
  throw unknown(spec, `fill '${spec.fill}' (known: normal for floats, ones, zeros, randint:N)`);
}

function unknown(spec: InputSpec, what: string): SnpError {
  return new SnpError('unsupported', `Input '${spec.name}' asks for an unknown ${what}.`, { value: spec.name });
}
