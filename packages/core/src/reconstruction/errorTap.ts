import type { DataType, Model, Value } from '@snp/onnx';
import { rowsTap, type Tap, TapBuilder } from '@snp/runtime';
import { addInput } from './segment.js';

/** Name of the input that says what the stream is to be. */
export const TARGET = 'reconstruction_target';

/** Rows of what is missing of the stream at a sum, whose shape and type are given: the target less the sum. */
export function errorTap(sum: Value, shape: readonly unknown[], type: DataType | undefined): Tap {
  return {
    name: 'error',
    build(model: Model) {
      const { graph } = model;
      const build = new TapBuilder(model);
      const target = graph.inputs.find(({ name }) => name === TARGET) ?? addInput(model, TARGET, shape, type);
      const [missing] = graph.addNode({
        op: 'Sub',
        inputs: [target, graph.value(sum.name)].map((value) => build.single(value)),
      }).outputs;
      return rowsTap(missing!, {
        rank: shape.length,
        feature: shape.length - 1,
        width: shape.at(-1) as number,
      }).build(model);
    },
  };
}
