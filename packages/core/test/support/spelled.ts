import {
  ACTIVATIONS,
  ATTENTION_OPERATORS,
  type AttentionOperator,
  type AttentionSpec,
  activationSpelling,
  attentionOperator,
  type BlockSpec,
  CACHES,
  CONTROLS,
  CORES,
  controlSpelling,
  FFNS,
  type FfnSpec,
  ffnSpelling,
  HEAD_NORMS,
  HEAD_REPEATS,
  LINEAR_ATTENTIONS,
  LINEARS,
  linearAttention,
  MASKS,
  maskSpelling,
  NORMS,
  normSpelling,
  PROJECTIONS,
  projectionSpelling,
  ROTARIES,
  rotarySpelling,
  SCALES,
  SOFTMAXES,
  type SpelledSpec,
  softmaxSpelling,
  WINDOWS,
} from '@snp/testing';
import fc from 'fast-check';

/** Any name of a table; failures shrink to its first. */
function nameOf<T extends object>(table: T): fc.Arbitrary<keyof T> {
  return fc.constantFrom(...(Object.keys(table) as (keyof T)[]));
}

/** Mostly the first, so that several rare forms seldom meet. */
function seldom<T>(plain: T, others: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: fc.constant(plain), weight: 3 }, { arbitrary: others, weight: 2 });
}

/** What closes much of a model, or costs much. */
function rarely<T>(plain: T, others: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: fc.constant(plain), weight: 7 }, { arbitrary: others, weight: 2 });
}

// These give no number where channels are all zero, or scores large.
const { 'layer-mean-variance': _norm, ...SEARCHED_NORMS } = NORMS;
const { 'exponential-over-sum': _softmax, ...SEARCHED_SOFTMAXES } = SOFTMAXES;

const attention: fc.Arbitrary<AttentionSpec> = fc.record({
  heads: fc.constantFrom(2, 1, 3, 4),
  keyHeads: fc.constantFrom(4, 4, 2, 1),
  queryKey: fc.constantFrom(4, 2, 6),
  value: fc.constantFrom(4, 3, 5),
  bias: fc.boolean(),
  projection: nameOf(PROJECTIONS),
  linear: nameOf(LINEARS),
  output: fc.oneof(
    { arbitrary: nameOf(LINEARS), weight: 8 },
    { arbitrary: fc.constant('einsum-heads' as const), weight: 1 },
  ),
  core: seldom<AttentionSpec['core']>(
    'heads-first',
    fc.oneof(nameOf(CORES), nameOf(CORES), nameOf(ATTENTION_OPERATORS), nameOf(LINEAR_ATTENTIONS)),
  ),
  scale: nameOf(SCALES),
  softmax: seldom<AttentionSpec['softmax']>('operator', nameOf(SEARCHED_SOFTMAXES)),
  mask: seldom<AttentionSpec['mask']>('none', nameOf(MASKS)),
  repeat: nameOf(HEAD_REPEATS),
  rotary: seldom<AttentionSpec['rotary']>('none', nameOf(ROTARIES)),
  headNorm: seldom<AttentionSpec['headNorm']>('none', fc.constantFrom(...HEAD_NORMS)),
  wholeNorm: rarely<AttentionSpec['wholeNorm']>('none', nameOf(SEARCHED_NORMS)),
  temperature: seldom(false, fc.boolean()),
  talking: seldom(false, fc.boolean()),
  cross: seldom(false, fc.boolean()),
  cache: rarely<AttentionSpec['cache']>('none', nameOf(CACHES)),
  window: rarely<AttentionSpec['window']>('none', nameOf(WINDOWS)),
});

const ffn: fc.Arbitrary<FfnSpec> = fc.record({
  hidden: fc.integer({ min: 4, max: 10 }),
  bias: fc.boolean(),
  form: nameOf(FFNS),
  activation: nameOf(ACTIVATIONS),
  linear: nameOf(LINEARS),
  control: rarely<FfnSpec['control']>('none', nameOf(CONTROLS)),
});

const block: fc.Arbitrary<BlockSpec> = fc.record({
  attention,
  ffn,
  norm: nameOf(SEARCHED_NORMS),
  normScale: seldom(true, fc.boolean()),
  normShift: fc.boolean(),
  order: fc.constantFrom('pre', 'post', 'sandwich', 'parallel'),
  layerScale: seldom(false, fc.boolean()),
  branches: fc.constantFrom('both', 'both', 'attention', 'ffn'),
});

/** Transformers of every spelling, alone and combined. */
export const spelled: fc.Arbitrary<SpelledSpec> = fc
  .record({
    seed: fc.nat(1000),
    opset: fc.constantFrom(17, 11, 13, 14, 18, 20, 21, 23),
    sizes: fc.constantFrom('constant', 'torchscript', 'dynamo', 'fixed'),
    storage: seldom<SpelledSpec['storage']>(
      'initializer',
      fc.constantFrom('constant', 'identity', 'transposed', 'half'),
    ),
    float16: fc.constantFrom(false, false, false, false, false, true),
    shared: fc.boolean(),
    noise: fc.constantFrom(0, 0, 0.4),
    width: fc.integer({ min: 5, max: 9 }),
    blocks: fc.array(block, { minLength: 1, maxLength: 2 }),
    repeated: seldom(false, fc.boolean()),
    input: fc.constantFrom('features', 'ids', 'patches', 'features', 'ids', 'patches', 'stem', 'stem-normed'),
    head: fc.constantFrom('logits', 'logits', 'tied', 'mean', 'first', 'attention-pool', 'several', 'stream'),
    headLinear: nameOf(LINEARS),
    exits: rarely<SpelledSpec['exits']>('none', fc.constantFrom('streams', 'logits')),
    graph: seldom<SpelledSpec['graph']>('stack', fc.constantFrom('encoder-decoder', 'two-towers')),
  } as const)
  .map(fitting);

/** The spec without what cannot go together. */
function fitting(spec: SpelledSpec): SpelledSpec {
  const tower = spec.graph === 'two-towers';
  const pools = ['mean', 'first', 'attention-pool'];
  const drawn = {
    ...spec,
    // Bodies hold constants of their own.
    repeated: spec.repeated && spec.shared && ['none', 'function'].includes(spec.blocks[0].ffn.control),
    // The runtime itself rejects a Cast from float16 to float16 beside its own.
    noise: spec.float16 ? 0 : spec.noise,
    head: tower && !pools.includes(spec.head) ? ('mean' as const) : spec.head,
    exits: spec.graph === 'stack' ? spec.exits : ('none' as const),
    blocks: spec.blocks.map((each) => ({
      ...each,
      attention: fittingAttention(each.attention, spec),
    })),
  };
  return fittingOpset(drawn);
}

function fittingAttention(drawn: AttentionSpec, spec: SpelledSpec): AttentionSpec {
  const operator = attentionOperator(drawn.core);
  const linear = linearAttention(drawn.core);
  const projection = projectionSpelling(drawn.projection);
  const wanted = drawn.cross || spec.graph === 'encoder-decoder';
  const cross = wanted && spec.graph !== 'two-towers' && !operator?.projects && !operator?.causal;
  const elsewhere = cross && spec.graph === 'stack';
  const separate = cross && projection.together;
  const even = (projection.even && !separate) || operator?.even;
  const keyHeads = Math.min(drawn.keyHeads, drawn.heads);
  const grouped = drawn.heads % keyHeads === 0 && !(projection.even && !separate) && (!operator || operator.grouped);
  const queryKey = operator?.even ? 8 : drawn.queryKey;
  const cache = cross || spec.graph !== 'stack' ? 'none' : fittingCache(drawn.cache, operator);
  const window = cross || cache !== 'none' || operator?.causal ? 'none' : drawn.window;
  const { kind, past } = maskSpelling(drawn.mask);
  const causal = operator && (operator.causal || (kind === 'causal' && !cross && cache === 'none'));
  const short = kind === 'padding' || kind === 'relative';
  const fits = (!elsewhere && window === 'none') || !short;
  const masked = operator ? causal : !linear && fits && (cache === 'none' || past);
  return {
    ...drawn,
    cross,
    cache,
    window,
    queryKey,
    value: even ? queryKey : drawn.value,
    keyHeads: grouped ? keyHeads : drawn.heads,
    projection: separate ? 'separate' : drawn.projection,
    mask: !masked ? 'none' : operator?.causal ? 'causal-added' : drawn.mask,
    softmax:
      drawn.softmax === 'joint-heads' && !/^(heads-first|key-turned|scores-turned|einsum|products)/.test(drawn.core)
        ? 'operator'
        : drawn.softmax,
    rotary: cross || operator?.projects || window !== 'none' ? 'none' : drawn.rotary,
    headNorm: operator?.projects ? 'none' : drawn.headNorm,
    wholeNorm: operator?.projects ? 'none' : drawn.wholeNorm,
    ...(operator && { scale: 'scores-div', softmax: 'operator', temperature: false, talking: false, repeat: 'expand' }),
    ...(linear && { scale: 'scores-div', softmax: 'operator', temperature: false, talking: false }),
  };
}

/** Operators that know of caches take them in; the others get keys and values of all tokens. */
function fittingCache(drawn: AttentionSpec['cache'], operator: AttentionOperator | undefined): AttentionSpec['cache'] {
  if (operator?.projects || operator?.causal) return 'none';
  return drawn === 'operator' && !operator?.caches ? 'concat' : drawn;
}

/** The nearest operator set that has all pieces. */
function fittingOpset(spec: SpelledSpec): SpelledSpec {
  const first = Math.max(...spec.blocks.map(firstOpset), spec.headLinear.startsWith('einsum') ? 12 : 11);
  const joint = spec.blocks.some(({ attention: { softmax } }) => softmaxSpelling(softmax).until);
  if (!joint) return { ...spec, opset: Math.max(spec.opset, first) };
  if (first <= 12) return { ...spec, opset: 12 };
  const blocks = spec.blocks.map((each) =>
    softmaxSpelling(each.attention.softmax).until
      ? { ...each, attention: { ...each.attention, softmax: 'operator' as const } }
      : each,
  );
  return { ...spec, blocks, opset: Math.max(spec.opset, first) };
}

function firstOpset({ attention: drawn, ffn: feed, norm }: BlockSpec): number {
  const names = [drawn.projection, drawn.core, drawn.linear, drawn.output, feed.linear];
  return Math.max(
    names.some((name) => name.includes('einsum')) ? 12 : 11,
    normSpelling(norm).since ?? 11,
    normSpelling(drawn.headNorm).since ?? 11,
    normSpelling(drawn.wholeNorm).since ?? 11,
    ffnSpelling(feed.form).since ?? 11,
    controlSpelling(feed.control).since ?? 11,
    maskSpelling(drawn.mask).since ?? 11,
    softmaxSpelling(drawn.softmax).since ?? 11,
    rotarySpelling(drawn.rotary).since ?? 11,
    projectionSpelling(drawn.projection).since ?? 11,
    attentionOperator(drawn.core)?.since ?? 11,
    activationSpelling(feed.activation).since ?? 11,
  );
}
