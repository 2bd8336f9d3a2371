import { writeFileSync } from 'node:fs';
import {
  ACTIVATIONS,
  ATTENTION_OPERATORS,
  CORES,
  FFNS,
  HEAD_NORMS,
  HEAD_REPEATS,
  LINEARS,
  MASKS,
  NORMS,
  PLAIN_ATTENTION,
  PLAIN_FFN,
  PLAIN_SPELLED,
  PLAIN_SPELLED_BLOCK,
  PROJECTIONS,
  ROTARIES,
  SCALES,
  SOFTMAXES,
} from '@snp/testing';
import { it } from 'vitest';
import { examineSpelled } from '../support/examineSpelled.js';
import { fitting } from '../support/spelled.js';

const att = (c: object) => ({ blocks: [{ ...PLAIN_SPELLED_BLOCK, attention: { ...PLAIN_ATTENTION, ...c } }] });
const ffn = (c: object) => ({ blocks: [{ ...PLAIN_SPELLED_BLOCK, ffn: { ...PLAIN_FFN, ...c } }] });
const blk = (c: object) => ({ blocks: [{ ...PLAIN_SPELLED_BLOCK, ...c }] });
const all: [string, any][] = [];
for (const n of Object.keys(NORMS)) {
  all.push(
    [`norm ${n}`, blk({ norm: n })],
    [`norm ${n} without scale`, blk({ norm: n, normScale: false, normShift: false })],
    [`norm ${n} post`, blk({ norm: n, order: 'post' })],
  );
}
for (const n of HEAD_NORMS) all.push([`head norm ${n}`, att({ headNorm: n })]);
for (const n of Object.keys(LINEARS))
  all.push(
    [`linear of ffn ${n}`, ffn({ linear: n })],
    [`linear of qkv ${n}`, att({ linear: n })],
    [`linear of fused qkv ${n}`, att({ linear: n, projection: 'split' })],
    [`linear of output ${n}`, att({ output: n })],
  );
all.push(['output einsum-heads', att({ output: 'einsum-heads' })]);
for (const n of Object.keys(ACTIVATIONS)) all.push([`activation ${n}`, ffn({ activation: n })]);
for (const n of Object.keys(FFNS))
  for (const a of ['gelu-erf', 'gelu-tanh', 'relu']) all.push([`ffn ${n} ${a}`, ffn({ form: n, activation: a })]);
for (const n of Object.keys(PROJECTIONS)) all.push([`projection ${n}`, att({ projection: n })]);
for (const n of [...Object.keys(CORES), ...Object.keys(ATTENTION_OPERATORS)])
  all.push(
    [`core ${n}`, att({ core: n })],
    [`core ${n} causal`, att({ core: n, mask: 'causal-added' })],
    [`core ${n} grouped`, att({ core: n, heads: 4 })],
    [`core ${n} relative`, att({ core: n, mask: 'relative-table' })],
  );
for (const n of Object.keys(SCALES)) all.push([`scale ${n}`, att({ scale: n })]);
for (const n of Object.keys(SOFTMAXES))
  all.push([`softmax ${n}`, att({ softmax: n })], [`softmax ${n} folded`, att({ softmax: n, core: 'folded' })]);
for (const n of Object.keys(MASKS)) all.push([`mask ${n}`, att({ mask: n })]);
for (const n of Object.keys(HEAD_REPEATS)) all.push([`repeat ${n}`, att({ heads: 4, repeat: n })]);
for (const n of Object.keys(ROTARIES))
  all.push(
    [`rotary ${n}`, att({ rotary: n })],
    [`rotary ${n} einsum`, att({ rotary: n, core: 'einsum' })],
    [
      `rotary ${n} two layers`,
      {
        blocks: [
          { ...PLAIN_SPELLED_BLOCK, attention: { ...PLAIN_ATTENTION, rotary: n } },
          { ...PLAIN_SPELLED_BLOCK, attention: { ...PLAIN_ATTENTION, rotary: n } },
        ],
      },
    ],
  );
all.push(
  ['temperature', att({ temperature: true })],
  ['talking', att({ talking: true })],
  ['cross', att({ cross: true })],
);
for (const h of ['logits', 'tied', 'mean', 'first', 'attention-pool', 'several', 'stream'])
  for (const i of ['features', 'ids', 'patches']) all.push([`head ${h}, input ${i}`, { head: h, input: i }]);
for (const s of ['constant', 'identity', 'transposed', 'half'])
  all.push(
    [`storage ${s}`, { storage: s }],
    [
      `storage ${s} shared`,
      { storage: s, shared: true, repeated: true, blocks: [PLAIN_SPELLED_BLOCK, PLAIN_SPELLED_BLOCK] },
    ],
  );
for (const s of ['constant', 'torchscript', 'dynamo', 'fixed'])
  all.push(
    [`sizes ${s}`, { sizes: s }],
    [`sizes ${s} folded`, { sizes: s, ...att({ core: 'folded' }) }],
    [`sizes ${s} sequence-first`, { sizes: s, ...att({ core: 'sequence-first' }) }],
    [`sizes ${s} grouped`, { sizes: s, ...att({ heads: 4, repeat: 'expand-computed' }) }],
  );
for (const o of ['post', 'sandwich', 'parallel'])
  all.push([`order ${o}`, blk({ order: o })], [`order ${o} layer scale`, blk({ order: o, layerScale: true })]);
all.push(
  ['shared', { shared: true }],
  ['repeated', { repeated: true, shared: true, blocks: [PLAIN_SPELLED_BLOCK, PLAIN_SPELLED_BLOCK] }],
  ['float16', { float16: true }],
  ['encoder-decoder', { graph: 'encoder-decoder', ...att({ cross: true }) }],
  ['two-towers', { graph: 'two-towers', head: 'mean' }],
);
it('solo', { timeout: 3_600_000 }, async () => {
  const lines: string[] = [];
  for (const [name, change] of all)
    for (const opset of [11, 17, 23]) {
      const spec = fitting({ ...PLAIN_SPELLED, ...change, opset });
      if (spec.opset !== opset && !(opset === 17 && spec.opset !== 23 && spec.opset > 17)) {
        if (!(opset === 11 && spec.opset === 12)) continue;
      }
      const found = new Map<string, string>();
      let closed = '';
      for (const plan of [
        { share: 0.5, heads: 1, branches: 1, seed: 1 },
        { share: 0.75, heads: 1, branches: 1, seed: 2 },
        { share: 1, heads: 0.5, branches: 1, seed: 3 },
        { share: 0.75, heads: 1, branches: 0.5, seed: 4 },
      ]) {
        const r = await examineSpelled(spec, plan);
        closed = r.closed.join(' ');
        if (r.outcome !== 'right' && !(r.outcome === 'nothing' && plan.share === 1))
          found.set(
            r.outcome,
            `(share ${plan.share} heads ${plan.heads} branches ${plan.branches} seed ${plan.seed}) ${r.detail ?? ''}`.slice(
              0,
              260,
            ),
          );
      }
      if (found.size > 0 || closed)
        lines.push(
          `${name} | opset ${spec.opset} | ${[...found].map(([k, v]) => `${k.toUpperCase()} ${v}`).join(' ; ')} | closed: ${closed.replaceAll('encoder.0.', '')}`,
        );
    }
  writeFileSync('/tmp/search-solo.txt', `${lines.join('\n')}\n`);
});
