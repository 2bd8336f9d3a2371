import type { AttentionSpec } from './attentionSpec.js';
import type { AttentionWeights } from './attentionWeights.js';
import type { FfnSpec, FfnWeights } from './ffns.js';
import type { LinearWeights } from './linears.js';
import { DISTANCES } from './masks.js';
import type { NormParts } from './normSpelling.js';
import { FEATURES, TOKENS, VOCABULARY } from './sizes.js';
import type { BlockSpec, SpelledSpec } from './spelledSpec.js';
import { type AxisUnits, plainAxis, shortened, unitsOf, Weight } from './weight.js';

/** All weights of one block. */
export interface BlockWeights {
  readonly name: string;
  readonly attention: AttentionWeights;
  readonly ffn: FfnWeights;
  /** Before attention and FFN, and after them. */
  readonly norms: readonly NormParts[];
  readonly layerScales: readonly Weight[];
}

/** All weights of a stack of blocks, its input and its end. */
export interface StackWeights {
  readonly features: LinearWeights;
  /** [vocabulary, width] */
  readonly embedding: Weight;
  /** [width, 3, 2, 2] */
  readonly patches: LinearWeights;
  /** [stem, 3, 3, 3], its norm, and [width, stem, 2, 2] */
  readonly stem: LinearWeights;
  readonly stemNorm: NormParts;
  readonly stemPatches: LinearWeights;
  /** [1, 1, width] */
  readonly first: Weight;
  /** [tokens, width] */
  readonly positions: Weight;
  readonly blocks: readonly BlockWeights[];
  readonly norm: NormParts;
  readonly head: LinearWeights;
  /** [width, 1]: what an attention pool asks for. */
  readonly query: Weight;
}

/** Classes of the answers. */
export const CLASSES = 4;

/** Channels between the convolutions of a stem. */
const STEM = 5;

const EPSILON = 1e-3;

/** Draws the weights of one model, by name. */
export class DrawnWeights {
  constructor(readonly spec: SpelledSpec) {}

  /** A stack's weights; `name` keeps those of several stacks apart, `memory` are the channels that cross attention looks at. */
  stack(name: string, memory: AxisUnits): StackWeights {
    const stream = unitsOf(`${name}.x`, this.spec.width);
    const stem = unitsOf(`${name}.stem`, STEM);
    const { blocks, repeated } = this.spec;
    return {
      features: this.linear(`${name}.features`, plainAxis(FEATURES), stream, true),
      embedding: this.draw(`${name}.embedding`, [plainAxis(VOCABULARY), stream], 1),
      patches: {
        weight: this.draw(`${name}.patches`, [stream, plainAxis(3), plainAxis(2), plainAxis(2)], 0.3),
        bias: this.draw(`${name}.patches.bias`, [stream], 0.1),
      },
      stem: {
        weight: this.draw(`${name}.stem`, [stem, plainAxis(3), plainAxis(3), plainAxis(3)], 0.2),
        bias: this.draw(`${name}.stem.bias`, [stem], 0.1),
      },
      stemNorm: this.norm(`${name}.stem.norm`, stem, { normScale: true, normShift: true }),
      stemPatches: {
        weight: this.draw(`${name}.stem-patches`, [stream, stem, plainAxis(2), plainAxis(2)], 0.3),
        bias: this.draw(`${name}.stem-patches.bias`, [stream], 0.1),
      },
      first: this.draw(`${name}.first`, [[[]], [[]], stream], 1),
      positions: this.draw(`${name}.positions`, [plainAxis(TOKENS), stream], 0.3),
      blocks: blocks.map((block, at) =>
        repeated
          ? this.#block(`${name}.0`, blocks[0], stream, memory)
          : this.#block(`${name}.${at}`, block, stream, memory),
      ),
      norm: this.norm(`${name}.norm`, stream, { normScale: true, normShift: true }),
      // What two towers are compared in may be made narrower.
      head: this.linear(
        `${name}.head`,
        stream,
        this.spec.graph === 'two-towers' ? unitsOf('joint', CLASSES) : plainAxis(CLASSES),
        true,
      ),
      query: this.draw(`${name}.query`, [stream, [[]]], 1),
    };
  }

  draw(name: string, axes: readonly AxisUnits[], deviation: number, mean = 0): Weight {
    return Weight.drawn(this.spec.seed, name, axes, deviation, mean);
  }

  linear(name: string, inputs: AxisUnits, outputs: AxisUnits, bias: boolean): LinearWeights {
    const weight = this.draw(name, [inputs, outputs], 1 / Math.sqrt(inputs.length));
    return bias ? { weight, bias: this.draw(`${name}.bias`, [outputs], 0.3) } : { weight };
  }

  /** A norm over `units`. */
  norm(
    name: string,
    units: AxisUnits,
    { normScale, normShift }: Pick<BlockSpec, 'normScale' | 'normShift'>,
  ): NormParts {
    const variance = this.draw(`${name}.variance`, [units], 0.3);
    return {
      channels: units.length,
      epsilon: EPSILON,
      ...(normScale && { scale: this.draw(`${name}.scale`, [units], 0.2, 1) }),
      ...(normShift && { shift: this.draw(`${name}.shift`, [units], 0.2) }),
      ones: new Weight(`${name}.ones`, [units], new Float64Array(units.length).fill(1)),
      mean: this.draw(`${name}.mean`, [units], 0.2),
      variance: variance.map(variance.name, (number) => shortened(Math.abs(number) + 0.5)),
    };
  }

  #block(name: string, block: BlockSpec, stream: AxisUnits, memory: AxisUnits): BlockWeights {
    return {
      name,
      attention: this.#attention(`${name}.attention`, block.attention, stream, block.attention.cross ? memory : stream),
      ffn: this.#ffn(`${name}.ffn`, block.ffn, stream),
      norms: [0, 1, 2, 3].map((at) => this.norm(`${name}.norm.${at}`, stream, block)),
      layerScales: [0, 1].map((at) => this.draw(`${name}.layer-scale.${at}`, [stream], 0.2, 0.7)),
    };
  }

  #attention(name: string, spec: AttentionSpec, stream: AxisUnits, memory: AxisUnits): AttentionWeights {
    const { heads, keyHeads, queryKey, value, bias } = spec;
    const [q, k, v] = [
      unitsOf(`${name}.q`, heads * queryKey),
      unitsOf(`${name}.k`, keyHeads * queryKey),
      unitsOf(`${name}.v`, keyHeads * value),
    ];
    const each = unitsOf(`${name}.head`, heads);
    // Scores and the maps that they are mixed to are not of the same heads.
    const scores = spec.talking ? unitsOf(`${name}.talk.head`, heads) : each;
    // Every query head reads the values of its key head.
    const mixed = keyHeads === heads ? v : unitsOf(`${name}.mixed`, heads * value);
    const shared = (units: AxisUnits) =>
      Array.from({ length: queryKey }, (_, at) => units.filter((_, i) => i % queryKey === at).flat());
    const affine = (norm: string) => ({ normScale: true, normShift: norm.startsWith('layer') });
    return {
      q: this.linear(`${name}.q`, stream, q, bias),
      k: this.linear(`${name}.k`, memory, k, bias),
      v: this.linear(`${name}.v`, memory, v, bias),
      o: this.linear(`${name}.o`, mixed, stream, bias),
      queryNorm: this.norm(`${name}.q.norm`, shared(q), affine(spec.headNorm)),
      keyNorm: this.norm(`${name}.k.norm`, shared(k), affine(spec.headNorm)),
      wholeQueryNorm: this.norm(`${name}.q.whole-norm`, q, affine(spec.wholeNorm)),
      wholeKeyNorm: this.norm(`${name}.k.whole-norm`, k, affine(spec.wholeNorm)),
      talk: this.draw(`${name}.talk`, [scores, each], 1 / Math.sqrt(heads)),
      temperature: this.draw(`${name}.temperature`, [scores], 0.5),
      relative: this.draw(`${name}.relative`, [each, plainAxis(TOKENS), plainAxis(TOKENS)], 1),
      buckets: this.draw(`${name}.buckets`, [plainAxis(2 * DISTANCES), each], 1),
    };
  }

  #ffn(name: string, { hidden, bias }: FfnSpec, stream: AxisUnits): FfnWeights {
    const [units, other] = [unitsOf(`${name}.hidden`, hidden), unitsOf(`${name}.other`, hidden)];
    return {
      up: this.linear(`${name}.up`, stream, units, bias),
      gate: this.linear(`${name}.gate`, stream, units, bias),
      down: this.linear(`${name}.down`, units, stream, bias),
      otherUp: this.linear(`${name}.other-up`, stream, other, bias),
      otherDown: this.linear(`${name}.other-down`, other, stream, bias),
      router: this.linear(`${name}.router`, stream, plainAxis(2), true),
      kernel: this.draw(`${name}.kernel`, [units, [[]], plainAxis(3)], 0.6),
      imageKernel: this.draw(`${name}.image-kernel`, [units, [[]], plainAxis(3), plainAxis(3)], 0.4),
      share: this.linear(`${name}.share`, stream, plainAxis(1), true),
      scale: this.draw(`${name}.scale`, [units], 0.3, 1),
    };
  }
}
