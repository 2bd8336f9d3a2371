import type { Value } from '@snp/onnx';
import { attentionOperator, type OperatorCache } from './attentionOperators.js';
import type { AttentionSpec } from './attentionSpec.js';
import type { AttentionWeights } from './attentionWeights.js';
import { type CachePart, cacheSpelling, pastInput, portOf, presentOutput, withPast } from './caches.js';
import { type CoreName, coreSpelling } from './cores.js';
import { repeatHeads } from './headRepeats.js';
import { arrange, type Heads } from './heads.js';
import { linearAttention, mixLinearly } from './linearAttentions.js';
import { writeLinear } from './linears.js';
import { maskSpelling } from './masks.js';
import type { NormParts } from './normSpelling.js';
import { normSpelling, partsFor } from './norms.js';
import type { Port } from './ports.js';
import { type Projected, type ProjectionInputs, projectionSpelling } from './projections.js';
import { rotarySpelling } from './rotaries.js';
import { scaleSpelling } from './scales.js';
import { byHeads, type Scores } from './scores.js';
import { PAST } from './sizes.js';
import { softmaxSpelling } from './softmaxes.js';
import type { SpellingWriter } from './spellingWriter.js';

/** Writes an attention of `x` [batch, tokens, channels] to `memory`, output projection included. */
export function writeAttention(
  w: SpellingWriter,
  name: string,
  [x, memory]: readonly [Value, Value],
  spec: AttentionSpec,
  weights: AttentionWeights,
  layer: number,
): Value {
  const inputs: ProjectionInputs = { x, memory, spec, weights, name };
  const cache = new LayerCache(w, spec, weights, layer);
  const project = () =>
    cache.extended(prepared(w, projectionSpelling(spec.projection).write(w, inputs), spec, weights));
  const operator = attentionOperator(spec.core);
  const causal = maskSpelling(spec.mask).kind === 'causal';
  const mixed = operator
    ? operator.write(w, project, inputs, { causal, cache: cache.ofOperator() })
    : mixPlainly(w, project(), spec, weights);
  return writeOutput(w, mixed, spec, weights);
}

/** A layer's past keys and values. */
class LayerCache {
  readonly #ports: readonly (readonly [CachePart, Port])[];

  constructor(
    readonly w: SpellingWriter,
    spec: AttentionSpec,
    weights: AttentionWeights,
    readonly layer: number,
  ) {
    const port = (part: CachePart, width: number, { weight }: AttentionWeights['k']) =>
      [part, portOf(spec.cache, part, spec.keyHeads, width, weight.axes[1])] as const;
    this.#ports =
      spec.cache === 'none' ? [] : [port('key', spec.queryKey, weights.k), port('value', spec.value, weights.v)];
    this.byOperator = cacheSpelling(spec.cache)?.byOperator ?? false;
  }

  readonly byOperator: boolean;

  /** Keys and values of all tokens so far, unless the operator sees to that. */
  extended([q, k, v]: Projected): Projected {
    if (this.#ports.length === 0 || this.byOperator) return [q, k, v];
    const [keys, values] = [k, v].map((own, at) => {
      const [part, port] = this.#ports[at];
      return withPast(this.w, own, port, this.layer, part);
    });
    return [q, keys, values];
  }

  ofOperator(): OperatorCache | undefined {
    if (!this.byOperator) return undefined;
    return {
      past: this.#ports.map(([part, port]) => pastInput(this.w, port, this.layer, part)),
      give: (values) => {
        for (const [at, [part, port]] of this.#ports.entries())
          presentOutput(this.w, values[at], port, this.layer, part);
      },
    };
  }
}

/** Queries and keys after the norms of heads and the rotary embedding. */
function prepared(w: SpellingWriter, [q, k, v]: Projected, spec: AttentionSpec, weights: AttentionWeights): Projected {
  if (spec.headNorm === 'none' && spec.wholeNorm === 'none' && spec.rotary === 'none') return [q, k, v];
  const whole = (heads: Heads, parts: NormParts): Heads => {
    if (spec.wholeNorm === 'none') return heads;
    const flat = arrange(w, heads, 'flat');
    return { ...flat, value: normSpelling(spec.wholeNorm).write(w, flat.value, partsFor(spec.wholeNorm, parts)) };
  };
  return [
    prepareHead(w, whole(q, weights.wholeQueryNorm), spec, weights.queryNorm),
    prepareHead(w, whole(k, weights.wholeKeyNorm), spec, weights.keyNorm),
    v,
  ];
}

function prepareHead(w: SpellingWriter, heads: Heads, { headNorm, rotary }: AttentionSpec, norm: NormParts): Heads {
  const apart = heads.form === 'flat' ? arrange(w, heads, 'tokens-first') : heads;
  const normed = normSpelling(headNorm).write(w, apart.value, partsFor(headNorm, norm));
  const value = rotarySpelling(rotary).write(w, normed, heads.width, apart.form === 'heads-first' ? 2 : 1);
  return { ...apart, value };
}

function mixPlainly(w: SpellingWriter, [q, k, v]: Projected, spec: AttentionSpec, weights: AttentionWeights): Heads {
  const [keys, values] = [k, v].map((each) => repeatHeads(w, each, spec.heads, spec.repeat));
  const linear = linearAttention(spec.core);
  if (linear) return mixLinearly(w, linear, q, keys, values);
  const core = coreSpelling(spec.core as CoreName);
  const scale = scaleSpelling(spec.scale);
  const apart = (each: Heads) => (each.form === 'flat' ? arrange(w, each, 'tokens-first') : each);
  const scaled = (each: Heads, by: ((w: SpellingWriter, value: Value, width: number) => Value) | undefined): Heads => {
    if (!by) return each;
    const own = apart(each);
    return { ...own, value: by(w, own.value, spec.queryKey) };
  };
  const [query, key] = [scaled(apart(q), scale.query), scaled(apart(keys), scale.key)];
  const product = w.noisy(core.scores(w, query, key), core.form === 'folded' ? 3 : 4);
  const value = scale.scores?.(w, product, query.value, spec.queryKey) ?? product;
  const { batch, tokens: queries } = q;
  const raw: Scores = {
    value,
    form: core.form,
    heads: spec.heads,
    batch,
    queries,
    keys: k.tokens,
    past: spec.cache === 'none' ? 0 : PAST,
  };
  const masked = maskSpelling(spec.mask).write(w, weighed(w, raw, spec, weights), weights);
  const map = softmaxSpelling(spec.softmax).write(w, masked.value, core.form === 'folded' ? 3 : 4);
  return core.mix(w, map, values);
}

/** Scores times each head's factor, then mixed across heads. */
function weighed(w: SpellingWriter, scores: Scores, spec: AttentionSpec, weights: AttentionWeights): Scores {
  if (!spec.temperature && !spec.talking) return scores;
  return byHeads(w, scores, (value) => {
    let result = value;
    if (spec.temperature) {
      result = w.op('Mul', [result, w.op('Exp', [w.weight(weights.temperature.expand(1, 2), 'initializer')])]);
    }
    if (!spec.talking) return result;
    const last = w.op('MatMul', [w.transpose(result, 0, 2, 3, 1), w.weight(weights.talk)]);
    return w.transpose(last, 0, 3, 1, 2);
  });
}

function writeOutput(w: SpellingWriter, mixed: Heads, spec: AttentionSpec, { o }: AttentionWeights): Value {
  if (spec.output !== 'einsum-heads') return writeLinear(w, spec.output, arrange(w, mixed, 'flat').value, o);
  const kernel = w.weight(o.weight.split(0, [spec.heads, spec.value]));
  const product = w.op('Einsum', [arrange(w, mixed, 'tokens-first').value, kernel], { equation: 'bthd,hdo->bto' });
  return o.bias ? w.op('Add', [product, w.weight(o.bias)]) : product;
}
