import { cloneModel, inferShapes, inlineFunctions, type Model, unpackSequences, type Value } from '@snp/onnx';
import { type Feeds, random } from '@snp/testing';
import { writeOut } from '../../src/standard/index.js';
import { raiseOpset } from '../../src/standard/raiseOpset.js';
import { type Comparison, compareWithDifferences } from './differences.js';
import { inDoubles, runnable } from './doubles.js';

/** Constants that hide positions hold numbers so large that a small part of them changes all; powers of negative numbers have whole exponents alone. */
function isFixed({ tensor, uses }: Value): boolean {
  const huge = tensor?.numbers().some((number) => Math.abs(number) >= 1e3);
  return huge || [...uses].some(({ node, index }) => node.op === 'Pow' && index === 1);
}

/** Of every weight and input of a whole model: how far the gradient is from differences, all computed with 64 bits, the worst first. */
export async function gradientErrors(source: Model, feeds: Feeds): Promise<Comparison[]> {
  const written = cloneModel(source);
  inlineFunctions(written);
  unpackSequences(written);
  // The runtime has the operators that are written out for 32 bits alone.
  raiseOpset(written);
  writeOut(written);
  const wide = inDoubles(written, feeds);
  const { graph } = wide.model;
  const shapes = inferShapes(wide.model);
  const doubles = [...graph.initializers, ...graph.inputs].filter((each) => shapes.elementType(each) === 'DOUBLE');
  const by = new Set(doubles.filter((each) => !isFixed(each)));
  const comparisons = await compareWithDifferences(wide.model, wide.feeds, {
    random: random(1),
    by: [...by].map(({ name }) => name),
    step: 1e-5,
    prepare: runnable(wide.feeds),
  });
  return comparisons.sort((a, b) => b.error - a.error);
}
