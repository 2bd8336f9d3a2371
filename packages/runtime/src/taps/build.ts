import { type AttributeInit, dataTypeCode, type Model, Tensor, type Value } from '@snp/onnx';

/** Adds nodes to a model in a line, for taps. */
export class TapBuilder {
  constructor(private readonly model: Model) {}

  op(name: string, inputs: readonly Value[], attributes: Record<string, AttributeInit> = {}): Value {
    const [output] = this.model.graph.addNode({ op: name, inputs, outputs: [`tap_${name}`], attributes }).outputs;
    return output!;
  }

  /** The value in float64. */
  double(value: Value): Value {
    const cast = this.op('Cast', [value], { to: dataTypeCode('DOUBLE') });
    cast.type = { elementType: 'DOUBLE', shape: undefined };
    return cast;
  }

  integers(numbers: readonly number[]): Value {
    return this.model.graph.addInitializer('tap_sizes', Tensor.int64([numbers.length], numbers));
  }

  /** Sums over axes; without axes the value itself. */
  sum(value: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return value;
    if (this.model.opset >= 13) return this.op('ReduceSum', [value, this.integers(axes)], { keepdims: 0 });
    return this.op('ReduceSum', [value], { axes: [...axes], keepdims: 0 });
  }

  transpose(value: Value, perm: readonly number[]): Value {
    return perm.every((axis, at) => axis === at) ? value : this.op('Transpose', [value], { perm: [...perm] });
  }

  reshape(value: Value, sizes: readonly number[]): Value {
    return this.op('Reshape', [value, this.integers(sizes)]);
  }
}
