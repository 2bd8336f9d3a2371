import { type Dim, type Node, type ShapeInfo, SnpError, topologicalOrder, type Value } from '@snp/onnx';
import { ruleOf } from '../rules/index.js';
import type { GradientCall } from '../rules/rule.js';
import type { GraphWriter } from '../write/graphWriter.js';
import { unbroadcast, unbroadcastPerSample } from '../write/unbroadcast.js';
import { Activity } from './activity.js';
import { throughIf, type WalkBack } from './throughIf.js';

/** What a walk back through a graph needs. */
export interface BackwardOptions {
  writer: GraphWriter;
  shapes: ShapeInfo;
  activity: Activity;
  /** Gradients to start from, by value. */
  seeds: ReadonlyMap<Value, Value>;
  /** Constants whose gradients are wanted of each sample. */
  perSample: ReadonlySet<Value>;
}

/**
 * Walks back through the nodes of a graph, the last first, and writes the gradients of all that is active, by the chain rule. Returns them by value; what no seed depends on is left out.
 */
export function backward(nodes: readonly Node[], options: BackwardOptions): Map<Value, Value> {
  const { writer, seeds, activity } = options;
  const parts = new Map<Value, Value[]>([...seeds].map(([value, seed]) => [value, [seed]]));
  const summed = new Map<Value, Value>();
  const gradientOf = (value: Value): Value | undefined => {
    const known = summed.get(value);
    if (known) return known;
    const [first, ...rest] = parts.get(value) ?? [];
    if (!first) return undefined;
    const sum = rest.reduce((a, b) => writer.add(a, b), first);
    summed.set(value, sum);
    return sum;
  };
  for (const node of [...nodes].reverse()) {
    const reached = node.outputs.some((value) => value && activity.has(value) && parts.has(value));
    if (!reached) continue;
    const call = new Call(node, options, gradientOf, (value, gradient) => {
      parts.set(value, [...(parts.get(value) ?? []), gradient]);
    });
    if (!call.active) continue;
    if (node.op === 'If') {
      throughIf(call, { shapes: options.shapes, walkBack: walkBackBranch });
      continue;
    }
    const rule = ruleOf(node);
    if (!rule) {
      throw new SnpError(
        'unsupported',
        `No gradient is known of operator ${node.op}, which lies between what is differentiated and what by (node ${node.label}). Teach it with defineGradient, or ask for gradients that do not pass it.`,
        { node: node.label },
      );
    }
    rule(call);
  }
  return new Map([...parts.keys()].map((value) => [value, gradientOf(value)!]));
}

const walkBackBranch: WalkBack = (branch, { writer, shapes, seeds, by }) => {
  const nodes = topologicalOrder(branch);
  return backward(nodes, {
    writer,
    shapes,
    seeds,
    activity: new Activity(nodes, { by, shapes }),
    perSample: new Set(),
  });
};

class Call implements GradientCall {
  readonly writer: GraphWriter;

  constructor(
    readonly node: Node,
    readonly options: BackwardOptions,
    readonly gradientOf: (value: Value) => Value | undefined,
    readonly add: (value: Value, gradient: Value) => void,
  ) {
    this.writer = options.writer;
  }

  get active(): boolean {
    return this.options.activity.reads(this.node).size > 0;
  }

  input(index: number): Value {
    const value = this.node.inputs[index];
    return value ?? this.refuse(`its input ${index} is missing`);
  }

  output(index = 0): Value {
    const value = this.node.outputs[index];
    return value ?? this.refuse(`its output ${index} is missing`);
  }

  shape(value: Value): readonly Dim[] {
    return this.options.shapes.shape(value) ?? this.refuse(`the rank of '${value.name}' is not known`);
  }

  type(value: Value) {
    return this.options.shapes.elementType(value) ?? this.refuse(`the element type of '${value.name}' is not known`);
  }

  has(index: number): boolean {
    const value = this.node.outputs[index];
    return value !== undefined && this.gradientOf(value) !== undefined;
  }

  gradient(index = 0): Value {
    const value = this.output(index);
    return this.gradientOf(value) ?? this.writer.filled(0, this.type(value), this.writer.shapeOf(value));
  }

  wants(index: number): boolean {
    const value = this.node.inputs[index];
    return value !== undefined && this.options.activity.has(value);
  }

  perSample(index: number): boolean {
    const value = this.node.inputs[index];
    return value !== undefined && this.options.perSample.has(value);
  }

  give(index: number, gradient: Value): void {
    this.add(this.input(index), gradient);
  }

  giveBroadcast(index: number, gradient: Value): void {
    if (this.wants(index)) this.giveSummed(index, gradient, this.shape(this.output()));
  }

  giveSummed(index: number, gradient: Value, shape: readonly Dim[]): void {
    const target = this.input(index);
    const sum = this.perSample(index) ? unbroadcastPerSample : unbroadcast;
    this.give(index, sum(this.writer, { gradient, target, from: shape, to: this.shape(target) }));
  }

  giveScalar(index: number, gradient: Value): void {
    this.give(
      index,
      this.writer.reshape(
        gradient,
        this.shape(this.input(index)).map(() => 1),
      ),
    );
  }

  isActive(value: Value): boolean {
    return this.options.activity.has(value);
  }

  giveOf(value: Value, gradient: Value): void {
    this.add(value, gradient);
  }

  shapedLike(numbers: Value, value: Value): Value {
    const sizes = this.options.shapes.shape(value)?.map((dim) => (typeof dim === 'number' ? dim : -1));
    const told = sizes && sizes.filter((size) => size < 0).length < 2 && !sizes.includes(0);
    return this.writer.reshape(numbers, told ? sizes : this.writer.shapeOf(value));
  }

  integers(index: number): number[] | undefined {
    const value = this.node.inputs[index];
    const content = value && this.options.shapes.content(value);
    if (content?.every((item) => typeof item === 'number')) return content as number[];
    if (!value?.tensor || !['INT64', 'INT32'].includes(value.tensor.dataType)) return undefined;
    return [...value.tensor.numbers()];
  }

  axis(stated: number, rank: number): number {
    return stated < 0 ? stated + rank : stated;
  }

  refuse(why: string): never {
    throw new SnpError(
      'unsupported',
      `The gradient of ${this.node.op} cannot be written for node ${this.node.label}: ${why}.`,
      { node: this.node.label },
    );
  }
}
