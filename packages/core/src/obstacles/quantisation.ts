import { nodesWithin, quantisedForm } from '@snp/graph';
import { isFloatType, type Model } from '@snp/onnx';
import type { Obstacle } from './obstacle.js';
import { tally } from './tally.js';

const REMEDY = 'prune the float model, then quantise the result';

/** Whether a model computes with quantised numbers, in whatever form, or stores its weights as integers. */
export function quantisation(model: Model): Obstacle | undefined {
  const nodes = [...nodesWithin(model.graph)].filter((node) => quantisedForm(node) !== undefined);
  if (nodes.length > 0) {
    const forms = new Set(nodes.map(quantisedForm));
    const message = `This model is quantised: ${REMEDY}. It has ${tally(nodes)} (${[...forms].join(', ')}; first ${nodes[0].label}), whose scales were fitted to the weights as they are.`;
    return { kind: 'quantised', message, nodes: nodes.map(({ label }) => label) };
  }
  return integerWeights(model);
}

const INTEGERS = /^U?INT(2|4|8)$|^FLOAT(4|8)/;

/** Weights as integers that plain operators turn into numbers: Cast and a product with scales. */
function integerWeights({ graph }: Model): Obstacle | undefined {
  const matrices = graph.initializers.filter(({ tensor }) => tensor!.dims.length > 1);
  const stored = matrices.filter(
    ({ tensor, consumers }) =>
      INTEGERS.test(tensor!.dataType) && consumers.some(({ opType }) => opType === 'Cast' || opType === 'Gather'),
  );
  const sizeOf = (values: typeof matrices) => values.reduce((sum, { tensor }) => sum + tensor!.size, 0);
  if (sizeOf(stored) <= sizeOf(matrices.filter(({ tensor }) => isFloatType(tensor!.dataType)))) return undefined;
  const message = `This model is quantised: ${REMEDY}. ${stored.length} of its ${matrices.length} weights are stored as ${stored[0].tensor!.dataType} (first ${stored[0].name}).`;
  return { kind: 'quantised', message, nodes: stored.flatMap(({ consumers }) => consumers.map(({ label }) => label)) };
}
