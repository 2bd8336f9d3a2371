import { type Analysis, nodesWithin } from '@snp/graph';
import type { Node } from '@snp/onnx';
import type { Obstacle } from './obstacle.js';
import { tally } from './tally.js';

/** Operators that tell what a model without attention is made of. */
const TELLING = /^(MatMul|Gemm|FusedMatMul|Conv|ConvTranspose|Einsum|Softmax|LSTM|GRU|RNN|Scan|Loop|CumSum)$/;
const ATTENTION = /Attention/;

/**
 * That no attention was recognised, what was looked for and what is there instead; undefined where there is one.
 *
 * @param where Words for the part of the model that was looked through, where it is not all.
 */
export function noAttention(analysis: Analysis, where = ''): Obstacle | undefined {
  if (hasAttention(analysis)) return undefined;
  const nodes = [...nodesWithin(analysis.model.graph)];
  const fused = nodes.filter(({ opType }) => ATTENTION.test(opType));
  const found = tally(nodes.filter(({ opType }) => TELLING.test(opType) || ATTENTION.test(opType)));
  const products = analysis.model.graph.nodes.filter((node) => isProductOfActivations(node, analysis));
  const between = products.length > 0 ? ` (${products.length} between two activations)` : '';
  const reasons = fused.flatMap((node) => reasonAt(node, analysis)).slice(0, 1);
  return {
    kind: 'no-attention',
    message: [
      `No attention was found${where}. Looked for: a product of two activations with weights before them (queries and keys), whose result multiplies a third (values), as MatMul, Einsum or an operator for attention.`,
      `Found: ${found || 'none of the usual layers'}${between}.`,
      ...reasons,
    ].join(' '),
    nodes: [...fused, ...products].map(({ label }) => label),
  };
}

function hasAttention({ groups, blocks, heads }: Analysis): boolean {
  return blocks.length > 0 || heads.length > 0 || groups.some(({ kind }) => kind === 'query-key' || kind === 'value');
}

function isProductOfActivations(node: Node, { walk }: Analysis): boolean {
  return /^(MatMul|Einsum|FusedMatMul)$/.test(node.opType) && walk.isActivation(node, 0) && walk.isActivation(node, 1);
}

/** What is frozen at an operator for attention, in its own words. */
function reasonAt(node: Node, { frozen }: Analysis): string[] {
  const own = frozen.find(({ reason }) => reason.node === node.label);
  return own ? [`${node.label} ${own.reason.reason}.`] : [];
}
