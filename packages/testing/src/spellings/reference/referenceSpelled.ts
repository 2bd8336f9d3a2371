import type { Feeds } from '../../feeds.js';
import { stacksOf, withoutCross } from '../buildSpelled.js';
import { type CachePart, cacheName, portOf } from '../caches.js';
import type { BlockWeights, StackWeights } from '../drawnWeights.js';
import type { LinearWeights } from '../linears.js';
import type { NormParts } from '../normSpelling.js';
import { normSpelling, partsFor } from '../norms.js';
import { type Port, readPort, writePort } from '../ports.js';
import { BATCH, MEMORY_TOKENS } from '../sizes.js';
import type { BlockSpec, SpelledSpec } from '../spelledSpec.js';
import { windowsOf } from '../windows.js';
import { type PastHeads, referenceAttention } from './referenceAttention.js';
import { referenceFfn } from './referenceFfn.js';
import { referenceInput, rowsOf } from './referenceInput.js';
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
  /** Outputs of blocks. */
  readonly further: Record<string, number[]> = {};

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

  stack(spec: SpelledSpec, weights: StackWeights, prefix: string, memory: Rows | undefined): Rows {
    let x = referenceInput(spec, weights, (name) => this.#feed(name), prefix, this.removal);
    spec.blocks.forEach((own, at) => {
      x = this.#block(x, spec.repeated ? spec.blocks[0] : own, weights.blocks[at], at, memory);
      if (spec.exits === 'streams') this.further[`stream.${at}`] = flat(x);
      if (spec.exits === 'logits') this.further[`logits.${at}`] = flat(this.#classes(x, weights));
    });
    return this.#norm(spec.blocks[0], x, weights.norm);
  }

  #norm({ norm }: BlockSpec, x: Rows, parts: NormParts): Rows {
    return referenceNorm(x, normSpelling(norm).formula, partsFor(norm, parts), this.removal);
  }

  #classes(x: Rows, { head }: StackWeights): Rows {
    return linear(x, head.weight, head.bias, this.removal);
  }

  /** Past keys or values of a layer, and what becomes of them. */
  #cache(port: Port, layer: number, part: CachePart): PastHeads {
    return {
      past: readPort(this.#feed(cacheName('past_key_values', layer, part)), port),
      give: (present) => {
        this.further[cacheName('present', layer, part)] = writePort(present, port);
      },
    };
  }

  #block(x: Rows, block: BlockSpec, weights: BlockWeights, layer: number, encoded: Rows | undefined): Rows {
    const { removal } = this;
    const mask = 'attention_mask' in this.feeds ? this.#feed('attention_mask') : [];
    const memory = (own: Rows) =>
      block.attention.cross ? (encoded ?? rowsOf(this.#feed('memory'), MEMORY_TOKENS)) : own;
    const { attention: spec } = block;
    const cacheOf = (part: CachePart, width: number, { weight }: LinearWeights) =>
      spec.cache === 'none'
        ? undefined
        : this.#cache(portOf(spec.cache, part, spec.keyHeads, width, weight.axes[1]), layer, part);
    const look = (own: Rows) => {
      const caches = [
        cacheOf('key', spec.queryKey, weights.attention.k),
        cacheOf('value', spec.value, weights.attention.v),
      ] as const;
      return referenceAttention([own, memory(own)], spec, weights.attention, removal, mask.map(Boolean), caches);
    };
    const attend = (own: Rows) => {
      const made = [...own];
      for (const window of windowsOf(spec.window)) {
        const rows = look(window.map((token) => own[token]));
        for (const [at, token] of window.entries()) made[token] = rows[at];
      }
      return made;
    };
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
    return { ...this.further, ...this.#end(x, weights) };
  }

  #end(x: Rows, weights: StackWeights): Record<string, number[]> {
    const { head } = this.spec;
    const layer = (rows: Rows) => flat(this.#classes(rows, weights));
    if (head === 'stream') return { stream: flat(x) };
    if (head === 'several') return { stream: flat(x), logits: layer(x) };
    if (head === 'tied')
      return { logits: flat(linear(x, weights.embedding.transpose([1, 0]), undefined, this.removal)) };
    if (head === 'logits') return { logits: layer(x) };
    return { logits: layer(this.pooled(x, weights)) };
  }
}

function flat(rows: Rows): number[] {
  return rows.flatMap((row) => [...row]);
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
