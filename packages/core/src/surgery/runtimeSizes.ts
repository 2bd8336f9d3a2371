import {
  type Dim,
  type DimTerm,
  dimsEqual,
  type Graph,
  type Node,
  productOf,
  symbol,
  Tensor,
  termsOf,
  type Value,
} from '@snp/onnx';

/** Shapes of values once everything has left that leaves. */
export type ShapeAfter = (value: Value) => readonly Dim[] | undefined;

/** A vector of sizes that is there already, with what is known of it. */
export interface KnownSizes {
  value: Value;
  content: readonly Dim[];
}

/** Puts together sizes that are only known while the model runs, from values that are at hand before a node. */
export class RuntimeSizes {
  constructor(
    private readonly graph: Graph,
    private readonly before: Node,
    private readonly shapeAfter: ShapeAfter,
    private readonly known?: KnownSizes,
  ) {}

  /** A vector of `shape`; undefined if a size cannot be told. One size of a Reshape may be left to it (`infer`). */
  vector(shape: readonly Dim[], infer: boolean): Value | undefined {
    const parts = shape.map((dim, at) => (typeof dim === 'number' ? dim : (this.#element(dim, at) ?? this.#size(dim))));
    const open = parts.flatMap((part, at) => (part === undefined ? [at] : []));
    if (open.length > (infer ? 1 : 0)) return undefined;
    const pieces = inRuns(parts.map((part) => part ?? -1)).map((part) =>
      Array.isArray(part) ? this.#ints(part) : part,
    );
    return pieces.length === 1 ? pieces[0] : this.#node('Concat', pieces, { axis: 0 });
  }

  /** The element of the vector that is there already, if it is this size. */
  #element(dim: Dim, at: number): Value | undefined {
    const { value, content } = this.known ?? {};
    if (!value || value.tensor || !dimsEqual(content?.[at], dim)) return undefined;
    return this.#node('Gather', [value, this.#ints([at])], { axis: 0 });
  }

  /** A polynomial of sizes that inputs have. */
  #size(dim: Dim): Value | undefined {
    const axis = this.#axis(dim);
    if (axis) return axis;
    const terms = termsOf(dim).map((term) => this.#term(term));
    if (terms.includes(undefined)) return undefined;
    return (terms as Value[]).reduce((sum, term) => this.#node('Add', [sum, term]));
  }

  #term({ coefficient, factors }: DimTerm): Value | undefined {
    const whole = this.#axis(
      productOf(factors.map(({ name, kind }) => symbol(name, kind === 'expression' ? 'size' : kind))),
    );
    const sizes = whole
      ? [whole]
      : factors.map(({ name, kind }) => (kind === 'expression' ? undefined : this.#axis(symbol(name, kind))));
    if (sizes.includes(undefined)) return undefined;
    const factor = coefficient === 1 && sizes.length > 0 ? [] : [this.#ints([coefficient])];
    return ([...factor, ...sizes] as Value[]).reduce((product, size) => this.#node('Mul', [product, size]));
  }

  /** The size of an axis of what the node reads, or of an input of the model. */
  #axis(dim: Dim): Value | undefined {
    for (const value of [this.before.inputs[0], ...this.graph.inputs]) {
      if (!value || value.tensor) continue;
      const axis = this.shapeAfter(value)?.findIndex((own) => dimsEqual(own, dim)) ?? -1;
      if (axis >= 0) return this.#node('Gather', [this.#node('Shape', [value]), this.#ints([axis])], { axis: 0 });
    }
    return undefined;
  }

  #ints(numbers: number[]): Value {
    return this.graph.addInitializer(`${this.#name}_ints`, Tensor.int64([numbers.length], numbers));
  }

  #node(op: string, inputs: Value[], attributes: Record<string, number> = {}): Value {
    const outputs = [`${this.#name}_${op.toLowerCase()}`];
    return this.graph.addNode({ op, inputs, outputs, attributes, before: this.before }).outputs[0]!;
  }

  get #name(): string {
    return this.before.name || this.before.outputs[0]!.name;
  }
}

/** Neighbouring numbers as one list. */
function inRuns(parts: readonly (number | Value)[]): (number[] | Value)[] {
  const runs: (number[] | Value)[] = [];
  for (const part of parts) {
    const last = runs[runs.length - 1];
    if (typeof part !== 'number') runs.push(part);
    else if (Array.isArray(last)) last.push(part);
    else runs.push([part]);
  }
  return runs;
}
