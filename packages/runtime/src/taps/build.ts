import {
  type AttributeInit,
  type DataType,
  dataTypeCode,
  inferShapes,
  type Model,
  type ShapeInfo,
  Tensor,
  type Value,
} from '@snp/onnx';

/** Name of the input that tells taps which batch runs. */
export const BATCH_NUMBER = 'tap_batch_number';

/** What is known of models as they were when the first tap was added. */
const known = new WeakMap<Model, ShapeInfo>();

/** Adds nodes to a model in a line, for taps. */
export class TapBuilder {
  constructor(private readonly model: Model) {}

  op(name: string, inputs: readonly Value[], attributes: Record<string, AttributeInit> = {}): Value {
    const [output] = this.model.graph.addNode({ op: name, inputs, outputs: [`tap_${name}`], attributes }).outputs;
    return output!;
  }

  /** The value in float32: sums of float16 numbers would overflow and lose their digits. */
  single(value: Value): Value {
    if (this.#elementType(value) === 'FLOAT') return value;
    const cast = this.op('Cast', [value], { to: dataTypeCode('FLOAT') });
    cast.type = { elementType: 'FLOAT', shape: undefined };
    return cast;
  }

  /** The value in float64. */
  double(value: Value): Value {
    const cast = this.op('Cast', [value], { to: dataTypeCode('DOUBLE') });
    cast.type = { elementType: 'DOUBLE', shape: undefined };
    return cast;
  }

  /** The number of the batch, from 0: INT64 [1], an input that `runTapped` feeds. */
  batchNumber(): Value {
    const { graph } = this.model;
    const known = graph.inputs.find(({ name }) => name === BATCH_NUMBER);
    if (known) return known;
    const input = graph.addValue(BATCH_NUMBER);
    input.type = { elementType: 'INT64', shape: [1] };
    graph.inputs.push(input);
    return input;
  }

  /** Positions `start` to `end` of an axis; the end may lie beyond the last. */
  slice(value: Value, start: number, end: number, axis: number): Value {
    if (this.model.opset < 10) return this.op('Slice', [value], { starts: [start], ends: [end], axes: [axis] });
    return this.op('Slice', [value, ...[start, end, axis].map((number) => this.integers([number]))]);
  }

  integers(numbers: readonly number[]): Value {
    return this.model.graph.addInitializer('tap_sizes', Tensor.int64([numbers.length], numbers));
  }

  number(number: number): Value {
    return this.model.graph.addInitializer('tap_number', Tensor.fromNumbers('DOUBLE', [1], [number]));
  }

  /** A whole number without axes. */
  integer(number: number): Value {
    return this.model.graph.addInitializer('tap_size', Tensor.int64([], [number]));
  }

  /** A list of one number without its axis. */
  scalar(value: Value): Value {
    return this.op('Reshape', [value, this.model.graph.addInitializer('tap_sizes', Tensor.int64([0], []))]);
  }

  /** Whole numbers from 0 to `count`, a list of one number, in float64. */
  range(count: Value): Value {
    return this.double(this.op('Range', [this.integer(0), this.scalar(count), this.integer(1)]));
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

  /** The value with an axis of one position in front. */
  unsqueeze(value: Value): Value {
    if (this.model.opset >= 13) return this.op('Unsqueeze', [value, this.integers([0])]);
    return this.op('Unsqueeze', [value], { axes: [0] });
  }

  reshape(value: Value, sizes: readonly number[]): Value {
    return this.op('Reshape', [value, this.integers(sizes)]);
  }

  /** Copies that taps made of nodes have the type of what they read. */
  #elementType(value: Value): DataType | undefined {
    const shapes = known.get(this.model) ?? inferShapes(this.model);
    known.set(this.model, shapes);
    for (let at: Value | undefined = value; at; at = at.producer?.inputs.find((input) => input && !input.tensor)) {
      const type = shapes.elementType(at);
      if (type !== undefined) return type;
    }
    return undefined;
  }
}
