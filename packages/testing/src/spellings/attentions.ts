import type { Value } from '@snp/onnx';
import { attentionOperator } from './attentionOperators.js';
import type { AttentionSpec, AttentionWeights } from './attentionSpec.js';
import { type CoreName, coreSpelling } from './cores.js';
import { repeatHeads } from './headRepeats.js';
import { arrange, type Heads } from './heads.js';
import { writeLinear } from './linears.js';
import { maskSpelling } from './masks.js';
import type { NormParts } from './normSpelling.js';
import { normSpelling, partsFor } from './norms.js';
import { type Projected, type ProjectionInputs, projectionSpelling } from './projections.js';
import { rotarySpelling } from './rotaries.js';
import { scaleSpelling } from './scales.js';
import { byHeads, type Scores } from './scores.js';
import { softmaxSpelling } from './softmaxes.js';
import type { SpellingWriter } from './spellingWriter.js';

/** Writes an attention of `x` [batch, tokens, channels] to `memory`, output projection included. */
export function writeAttention(
  w: SpellingWriter,
  name: string,
  [x, memory]: readonly [Value, Value],
  spec: AttentionSpec,
  weights: AttentionWeights,
): Value {
  const inputs: ProjectionInputs = { x, memory, spec, weights, name };
  const project = () => prepared(w, projectionSpelling(spec.projection).write(w, inputs), spec, weights);
  const operator = attentionOperator(spec.core);
  const causal = maskSpelling(spec.mask).kind === 'causal';
  const mixed = operator ? operator.write(w, project, inputs, causal) : mixPlainly(w, project(), spec, weights);
  return writeOutput(w, mixed, spec, weights);
}

/** Queries and keys after the norms of heads and the rotary embedding. */
function prepared(w: SpellingWriter, [q, k, v]: Projected, spec: AttentionSpec, weights: AttentionWeights): Projected {
  if (spec.headNorm === 'none' && spec.rotary === 'none') return [q, k, v];
  return [prepareHead(w, q, spec, weights.queryNorm), prepareHead(w, k, spec, weights.keyNorm), v];
}

function prepareHead(w: SpellingWriter, heads: Heads, { headNorm, rotary }: AttentionSpec, norm: NormParts): Heads {
  const apart = heads.form === 'flat' ? arrange(w, heads, 'tokens-first') : heads;
  const normed = normSpelling(headNorm).write(w, apart.value, partsFor(headNorm, norm));
  const value = rotarySpelling(rotary).write(w, normed, heads.width, apart.form === 'heads-first' ? 2 : 1);
  return { ...apart, value };
}

function mixPlainly(w: SpellingWriter, [q, k, v]: Projected, spec: AttentionSpec, weights: AttentionWeights): Heads {
  const core = coreSpelling(spec.core as CoreName);
  const scale = scaleSpelling(spec.scale);
  const [keys, values] = [k, v].map((each) => repeatHeads(w, each, spec.heads, spec.repeat));
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
  const raw: Scores = { value, form: core.form, heads: spec.heads, batch, queries, keys: k.tokens };
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
