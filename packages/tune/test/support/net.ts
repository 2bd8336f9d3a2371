import type { Model } from '@snp/onnx';
import { GraphBuilder, normals, random } from '@snp/testing';

export const SIZES = { inputs: 4, hidden: 5, classes: 3 } as const;

/** logits = tanh(x v + a) w + b, with random weights. With a number as `batch`, so many samples at a time. */
export function net(
  seed: number,
  { deviation = 1, batch = 'batch' }: { deviation?: number; batch?: number | string } = {},
): Model {
  const builder = new GraphBuilder('net', { opset: 18 });
  const { inputs, hidden, classes } = SIZES;
  const weight = (name: string, dims: number[]) =>
    builder.weight(name, dims, normals(random(seed, name), dims[0] * (dims[1] ?? 1), deviation));
  const x = builder.input('x', 'FLOAT', [batch, inputs]);
  const first = builder.op('', 'Gemm', [x, weight('v', [inputs, hidden]), weight('a', [hidden])]);
  const second = [builder.op('', 'Tanh', [first]), weight('w', [hidden, classes]), weight('b', [classes])];
  builder.output(builder.op('', 'Gemm', second), 'logits', 'FLOAT', [batch, classes]);
  return builder.model;
}

/** What the weights of a net hold, in 64 bits. */
export function weightsOf({ graph }: Model): Record<string, Float64Array> {
  return Object.fromEntries(
    ['v', 'a', 'w', 'b'].map((name) => [name, Float64Array.from(graph.value(name).tensor!.numbers())]),
  );
}
