import type { Feeds } from '../../feeds.js';
import { stacksOf, withoutCross } from '../buildSpelled.js';
import type { BlockWeights, StackWeights } from '../drawnWeights.js';
import type { NormParts } from '../normSpelling.js';
import { normSpelling, partsFor } from '../norms.js';
import { BATCH, MEMORY_TOKENS, TOKENS } from '../sizes.js';
import type { BlockSpec, SpelledSpec } from '../spelledSpec.js';
import type { Weight } from '../weight.js';
import { referenceAttention } from './referenceAttention.js';
import { referenceFfn } from './referenceFfn.js';
import { referenceNorm } from './referenceNorm.js';
import { addRows, linear, NOTHING, type Removal, type Rows, softmax } from './rows.js';

/**
 * The answers of the model that `spec` describes, without what leaves, by formulas in float64: it knows how nothing is
 * written. By output name, row-major.
 */
export function referenceSpelled(
  spec: SpelledSpec,
  feeds: Feeds,
  removal: Removal = NOTHING,
): Record<string, number[]> {
  const { encoder, decoder } = stacksOf(spec);
  const samples = Array.from({ length: BATCH }, (_, at) => new Sample(spec, feeds, removal, at));
  if (spec.graph === 'two-towers') return towers(samples, [encoder, decoder]);
  const results = samples.map((sample) => {
    if (spec.graph === 'stack') return sample.head(sample.stack(spec, encoder, '', undefined), encoder);
    const memory = sample.stack({ ...spec, blocks: spec.blocks.map(withoutCross) }, encoder, '', undefined);
    return sample.head(sample.stack({ ...spec, input: 'ids' }, decoder, 'decoder_', memory), decoder);
  });
  const names = Object.keys(results[0]);
  return Object.fromEntries(names.map((name) => [name, results.flatMap((result) => result[name])]));
}

class Sample {
  constructor(
    readonly spec: SpelledSpec,
    readonly feeds: Feeds,
    readonly removal: Removal,
    readonly at: number,
  ) {}

  /** This sample's part of an input. */
  #feed(name: string): number[] {
    const { data, dims } = this.feeds[name];
    const size = data.length / dims[0];
    return Array.from(data.subarray(this.at * size, (this.at + 1) * size), Number);
  }

  #rows(name: string, tokens: number): Rows {
    const numbers = this.#feed(name);
    const width = numbers.length / tokens;
    return Array.from({ length: tokens }, (_, token) =>
      Float64Array.from(numbers.slice(token * width, (token + 1) * width)),
    );
  }

  #input(input: SpelledSpec['input'], weights: StackWeights, prefix: string): Rows {
    const { removal, spec } = this;
    if (input === 'features') {
      return linear(this.#rows(`${prefix}features`, TOKENS), weights.features.weight, weights.features.bias, removal);
    }
    const rowsOf = (weight: Weight, rows: readonly number[]): Rows => {
      const { data } = weight.without(removal.removed);
      return rows.map((row) => data.slice(row * spec.width, (row + 1) * spec.width));
    };
    const positions = rowsOf(weights.positions, [...Array(TOKENS).keys()]);
    if (input === 'ids') return addRows(rowsOf(weights.embedding, this.#feed(`${prefix}ids`)), positions);
    const image = this.#feed(`${prefix}image`);
    const columns = 2 * (TOKENS - 1);
    const patches = Array.from({ length: TOKENS - 1 }, (_, patch) =>
      Float64Array.from({ length: 12 }, (_, at) => {
        const [channel, row, column] = [Math.floor(at / 4), Math.floor(at / 2) % 2, at % 2];
        return image[(channel * 2 + row) * columns + 2 * patch + column];
      }),
    );
    const { weight, bias } = weights.patches;
    const kernel = linearOf(weight.without(removal.removed), spec.width);
    const rows = patches.map((patch) =>
      kernel.map((filter, channel) =>
        patch.reduce((sum, number, at) => sum + number * filter[at], bias!.without(removal.removed).data[channel]),
      ),
    );
    return addRows([...rowsOf(weights.first, [0]), ...rows.map((row) => Float64Array.from(row))], positions);
  }

  stack(spec: SpelledSpec, weights: StackWeights, prefix: string, memory: Rows | undefined): Rows {
    let x = this.#input(spec.input, weights, prefix);
    spec.blocks.forEach((own, at) => {
      x = this.#block(x, spec.repeated ? spec.blocks[0] : own, weights.blocks[at], memory);
    });
    return this.#norm(spec.blocks[0], x, weights.norm);
  }

  #norm({ norm }: BlockSpec, x: Rows, parts: NormParts): Rows {
    return referenceNorm(x, normSpelling(norm).formula, partsFor(norm, parts), this.removal);
  }

  #block(x: Rows, block: BlockSpec, weights: BlockWeights, encoded: Rows | undefined): Rows {
    const { removal } = this;
    const mask = 'attention_mask' in this.feeds ? this.#feed('attention_mask') : [];
    const memory = (own: Rows) => (block.attention.cross ? (encoded ?? this.#rows('memory', MEMORY_TOKENS)) : own);
    const attend = (own: Rows) =>
      referenceAttention([own, memory(own)], block.attention, weights.attention, removal, mask.map(Boolean));
    const feed = (own: Rows) => referenceFfn(own, block.ffn, weights.ffn, removal);
    const branches = { both: [attend, feed], attention: [attend], ffn: [feed] }[block.branches];
    const norm = (value: Rows, at: number) => this.#norm(block, value, weights.norms[at]);
    const scaled = (value: Rows, at: number): Rows =>
      block.layerScale ? value.map((row) => row.map((number, i) => number * weights.layerScales[at].data[i])) : value;
    if (block.order === 'parallel') {
      const normed = norm(x, 0);
      return branches.reduce((sum, branch, at) => addRows(sum, scaled(branch(normed), at)), x);
    }
    return branches.reduce((sum, branch, at) => {
      if (block.order === 'post') return norm(addRows(sum, scaled(branch(sum), at)), at);
      const made = branch(norm(sum, at));
      return addRows(scaled(block.order === 'sandwich' ? norm(made, 2 + at) : made, at), sum);
    }, x);
  }

  pooled(x: Rows, { query }: StackWeights): Rows {
    if (this.spec.head === 'first') return [x[0]];
    const shares =
      this.spec.head === 'attention-pool'
        ? softmax(linear(x, query, undefined, this.removal).map(([score]) => score))
        : x.map(() => 1 / x.length);
    return [x[0].map((_, at) => x.reduce((sum, row, token) => sum + row[at] * shares[token], 0))];
  }

  head(x: Rows, weights: StackWeights): Record<string, number[]> {
    const { head } = this.spec;
    const flat = (rows: Rows) => rows.flatMap((row) => [...row]);
    const layer = (rows: Rows) => flat(linear(rows, weights.head.weight, weights.head.bias, this.removal));
    if (head === 'stream') return { stream: flat(x) };
    if (head === 'several') return { stream: flat(x), logits: layer(x) };
    if (head === 'tied')
      return { logits: flat(linear(x, weights.embedding.transpose([1, 0]), undefined, this.removal)) };
    if (head === 'logits') return { logits: layer(x) };
    return { logits: layer(this.pooled(x, weights)) };
  }
}

function linearOf({ data }: Weight, rows: number): Float64Array[] {
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, row) => data.slice(row * width, (row + 1) * width));
}

function towers(samples: readonly Sample[], stacks: readonly StackWeights[]): Record<string, number[]> {
  const [images, texts] = stacks.map((weights, tower) =>
    samples.map((sample) => {
      const own = {
        ...sample.spec,
        ...(tower === 1 && { input: 'ids' as const }),
        blocks: sample.spec.blocks.map(withoutCross),
      };
      const rows = sample.pooled(sample.stack(own, weights, tower === 1 ? 'text_' : '', undefined), weights);
      const [made] = linear(rows, weights.head.weight, undefined, sample.removal);
      const length = Math.sqrt(made.reduce((sum, number) => sum + number * number, 0));
      return made.map((number) => number / length);
    }),
  );
  const similarity = (a: Float64Array, b: Float64Array) =>
    a.reduce((sum, number, at) => sum + number * b[at], 0) * Math.exp(0.5);
  return {
    logits_per_text: texts.flatMap((text) => images.map((image) => similarity(text, image))),
    logits_per_image: images.flatMap((image) => texts.map((text) => similarity(text, image))),
  };
}
