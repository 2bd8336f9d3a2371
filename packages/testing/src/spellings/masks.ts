import type { Value } from '@snp/onnx';
import type { AttentionWeights } from './attentionWeights.js';
import { byHeads, type Scores } from './scores.js';
import { TOKENS } from './sizes.js';
import type { SpellingWriter } from './spellingWriter.js';

/** What a mask or a bias of positions adds to scores. */
export interface MaskSpelling {
  readonly kind: 'none' | 'causal' | 'padding' | 'relative' | 'buckets' | 'slopes';
  readonly write: (w: SpellingWriter, scores: Scores, weights: AttentionWeights) => Scores;
  readonly since?: number;
  /** It knows of keys before the first query. */
  readonly past?: boolean;
}

/** What stands for minus infinity; float16 holds it. */
export const FAR = -1e4;
/** Distances that have a bias of their own, in either direction. */
export const DISTANCES = 4;

/** The row of a table of distances for a key so many places after a query. */
export function bucketOf(offset: number): number {
  return Math.min(Math.abs(offset), DISTANCES - 1) + (offset > 0 ? DISTANCES : 0);
}

/** The slope of a head's distances (ALiBi, Press et al., arXiv 2108.12409). */
export function slopeOf(head: number, heads: number): number {
  return 2 ** (-(head + 1) / heads);
}

const grid = <T>(rows: number, columns: number, f: (row: number, column: number) => T): T[] =>
  Array.from({ length: rows * columns }, (_, at) => f(Math.floor(at / columns), at % columns));

function causalTable(w: SpellingWriter, { queries, keys, past }: Scores, above: number, below: number): Value {
  const numbers = grid(queries.size, keys.size, (query, key) => (key > query + past ? above : below));
  return w.numbers([queries.size, keys.size], numbers);
}

function added(w: SpellingWriter, scores: Scores, bias: Value): Scores {
  return { ...scores, value: w.op('Add', [scores.value, bias]) };
}

function positions(w: SpellingWriter, size: Scores['keys']): Value {
  return w.op('Range', [w.int(0), w.scalar(size), w.int(1)]);
}

/** Key minus query position, computed at run time. */
function offsets(w: SpellingWriter, { queries, keys }: Scores): Value {
  return w.op('Sub', [w.unsqueeze(positions(w, keys), 0), w.unsqueeze(positions(w, queries), 1)]);
}

/** 1 where a token counts, of [batch, tokens]. */
function paddingInput(w: SpellingWriter): Value {
  return w.input('attention_mask', 'INT64', [w.batchDim, TOKENS]);
}

/** A relative bias [tokens, tokens, heads] as [1, heads, tokens, tokens]. */
function addTurned(w: SpellingWriter, scores: Scores, bias: Value): Scores {
  const first = w.unsqueeze(w.transpose(bias, 2, 0, 1), 0);
  return byHeads(w, scores, (value) => w.op('Add', [value, first]));
}

/** Spellings of masks and relative positions. */
export const MASKS = {
  none: { kind: 'none', past: true, write: (_, scores) => scores },
  'causal-added': {
    kind: 'causal',
    past: true,
    write: (w, scores) => added(w, scores, causalTable(w, scores, FAR, 0)),
  },
  'causal-where': {
    kind: 'causal',
    past: true,
    write: (w, scores) => {
      const seen = w.cast(causalTable(w, scores, 0, 1), 'BOOL');
      return { ...scores, value: w.op('Where', [seen, scores.value, w.number(FAR)]) };
    },
  },
  'causal-multiplied': {
    kind: 'causal',
    past: true,
    // GPT-2: scores * mask - 1e4 * (1 - mask)
    write: (w, scores) => {
      const mask = causalTable(w, scores, 0, 1);
      const rest = w.op('Mul', [w.op('Sub', [w.number(1), mask]), w.number(-FAR)]);
      return { ...scores, value: w.op('Sub', [w.op('Mul', [scores.value, mask]), rest]) };
    },
  },
  'causal-range': {
    kind: 'causal',
    write: (w, scores) => {
      const hidden = w.op('Greater', [offsets(w, scores), w.int(0)]);
      const bias = w.op('Where', [hidden, w.number(FAR), w.number(0)]);
      return added(w, scores, bias);
    },
  },
  'causal-triangle': {
    kind: 'causal',
    since: 14,
    write: (w, scores) => {
      const one = w.numbers([1, 1], [FAR]);
      const all = w.expand(one, [scores.queries, scores.keys]);
      return added(w, scores, w.op('Trilu', [all, w.int(1)], { upper: 1 }));
    },
  },
  'padding-added': {
    kind: 'padding',
    write: (w, scores) => {
      const bias = w.once('padding', () => {
        const mask = w.cast(w.unsqueeze(paddingInput(w), 1, 2), w.float);
        return w.op('Mul', [w.op('Sub', [w.number(1), mask]), w.number(FAR)]);
      });
      return byHeads(w, scores, (value) => w.op('Add', [value, bias]));
    },
  },
  'padding-where': {
    kind: 'padding',
    write: (w, scores) => {
      const seen = w.cast(w.unsqueeze(paddingInput(w), 1, 2), 'BOOL');
      return byHeads(w, scores, (value) => w.op('Where', [seen, value, w.number(FAR)]));
    },
  },
  'padding-expanded': {
    kind: 'padding',
    write: (w, scores) => {
      const { batch, queries, keys } = scores;
      const mask = w.expand(w.unsqueeze(paddingInput(w), 1, 2), [batch, 1, queries, keys]);
      const hidden = w.op('Equal', [mask, w.int(0)]);
      const bias = w.op('Where', [hidden, w.number(FAR), w.number(0)]);
      return byHeads(w, scores, (value) => w.op('Add', [value, bias]));
    },
  },
  'relative-table': {
    kind: 'relative',
    write: (w, scores, { relative }) =>
      byHeads(w, scores, (value) => w.op('Add', [value, w.weight(relative, 'initializer')])),
  },
  'buckets-gathered': {
    kind: 'buckets',
    // Swin: a table of distances, gathered by a constant index, as [tokens * tokens, heads].
    write: (w, scores, { buckets }) => {
      const { queries, keys, heads } = scores;
      const index = grid(queries.size, keys.size, (query, key) => bucketOf(key - query));
      const rows = w.op('Gather', [w.weight(buckets, 'initializer'), w.indices([index.length], index)], { axis: 0 });
      return addTurned(w, scores, w.op('Reshape', [rows, w.ints(queries.size, keys.size, heads)]));
    },
  },
  'buckets-computed': {
    kind: 'buckets',
    // T5: buckets of distances from positions, at run time.
    write: (w, scores, { buckets }) => {
      const offset = offsets(w, scores);
      const near = w.op('Min', [w.op('Abs', [offset]), w.int(DISTANCES - 1)]);
      const after = w.cast(w.op('Greater', [offset, w.int(0)]), 'INT64');
      const bucket = w.op('Add', [w.op('Mul', [after, w.int(DISTANCES)]), near]);
      return addTurned(w, scores, w.op('Gather', [w.weight(buckets, 'initializer'), bucket], { axis: 0 }));
    },
    since: 12,
  },
  slopes: {
    kind: 'slopes',
    write: (w, scores) => {
      const { queries, keys, heads } = scores;
      const slopes = Array.from({ length: heads }, (_, head) => slopeOf(head, heads));
      const distances = grid(queries.size, keys.size, (query, key) => -Math.abs(key - query));
      const bias = w.op('Mul', [w.numbers([heads, 1, 1], slopes), w.numbers([queries.size, keys.size], distances)]);
      return byHeads(w, scores, (value) => w.op('Add', [value, bias]));
    },
  },
} as const satisfies Record<string, MaskSpelling>;

/** Name of a spelling of a mask. */
export type MaskName = keyof typeof MASKS;

/** The spelling of that name. */
export function maskSpelling(name: MaskName): MaskSpelling {
  return MASKS[name];
}
