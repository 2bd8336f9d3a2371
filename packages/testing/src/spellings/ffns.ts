import type { Value } from '@snp/onnx';
import { type ActivationName, activationSpelling } from './activations.js';
import { type ControlName, controlSpelling } from './controls.js';
import { type LinearName, type LinearWeights, writeLinear } from './linears.js';
import { TOKENS } from './sizes.js';
import type { SpellingWriter } from './spellingWriter.js';
import { Weight } from './weight.js';

/** A feed-forward network: its size, and how it is written. */
export interface FfnSpec {
  readonly hidden: number;
  readonly bias: boolean;
  readonly form: FfnName;
  readonly activation: ActivationName;
  readonly linear: LinearName;
  /** How the whole is called. */
  readonly control: ControlName;
}

/** The weights of a feed-forward network, whatever way it is written. */
export interface FfnWeights {
  readonly up: LinearWeights;
  readonly gate: LinearWeights;
  readonly down: LinearWeights;
  /** A second expert's. */
  readonly otherUp: LinearWeights;
  readonly otherDown: LinearWeights;
  /** [channels, 2]: shares of two experts. */
  readonly router: LinearWeights;
  /** A depthwise kernel [hidden, 1, 3] over tokens. */
  readonly kernel: Weight;
  /** A depthwise kernel [hidden, 1, 3, 3] over tokens in 2 rows. */
  readonly imageKernel: Weight;
  /** [channels, 1]: the share of an expert that is always asked. */
  readonly share: LinearWeights;
  /** A scale per hidden neuron. */
  readonly scale: Weight;
}

/** One way of writing a feed-forward network. */
export interface FfnSpelling {
  readonly formula: 'plain' | 'gated' | 'depthwise' | 'depthwise-image' | 'experts' | 'shared-expert' | 'scaled';
  readonly write: (w: SpellingWriter, x: Value, name: string, spec: FfnSpec, weights: FfnWeights) => Value;
  readonly since?: number;
}

function activate(w: SpellingWriter, x: Value, { activation }: FfnSpec): Value {
  return activationSpelling(activation).write(w, x);
}

function gatedBy(cut: (w: SpellingWriter, both: Value, hidden: number) => Value[]): FfnSpelling {
  return {
    formula: 'gated',
    write: (w, x, name, spec, { up, gate, down }) => {
      const weight = Weight.join(`${name}.gate-up`, [gate.weight, up.weight], 1);
      const bias = gate.bias && up.bias && Weight.join(`${name}.gate-up.bias`, [gate.bias, up.bias], 0);
      const both = writeLinear(w, spec.linear, x, { weight, ...(bias && { bias }) });
      const [open, value] = cut(w, both, spec.hidden);
      return writeLinear(w, spec.linear, w.op('Mul', [activate(w, open, spec), value]), down);
    },
  };
}

function twoConvolutions(rank: 1 | 2): FfnSpelling {
  return {
    formula: 'plain',
    // Channels stay in front of the tokens between the two.
    write: (w, x, _, spec, { up, down }) => {
      const kernel = ({ weight }: LinearWeights) =>
        w.weight(weight.transpose([1, 0]).expand(...[2, 3].slice(0, rank)), 'initializer');
      const conv = (value: Value, layer: LinearWeights) =>
        w.op('Conv', [value, kernel(layer), ...(layer.bias ? [w.weight(layer.bias)] : [])], {
          kernel_shape: Array(rank).fill(1),
        });
      const turned = w.transpose(x, 0, 2, 1);
      const image = rank === 2 ? w.unsqueeze(turned, 2) : turned;
      const made = conv(activate(w, conv(image, up), spec), down);
      return w.transpose(rank === 2 ? w.squeeze(made, 2) : made, 0, 2, 1);
    },
  };
}

function depthwise(write: (w: SpellingWriter, hidden: Value, kernel: Weight, channels: number) => Value): FfnSpelling {
  return {
    formula: 'depthwise',
    write: (w, x, _, spec, { up, down, kernel }) => {
      const mixed = write(w, writeLinear(w, spec.linear, x, up), kernel, spec.hidden);
      return writeLinear(w, spec.linear, activate(w, mixed, spec), down);
    },
  };
}

/** Two experts of one kernel each way, [experts, inputs, outputs], added by the shares of a router. */
function stackedExperts(
  times: (w: SpellingWriter, x: Value, weight: Value, first: boolean) => Value,
  since = 11,
): FfnSpelling {
  return {
    formula: 'experts',
    since,
    write: (w, x, _, spec, weights) => {
      const both = (each: readonly LinearWeights[]) => ({
        weight: w.weight(Weight.stack(each.map(({ weight }) => weight)), 'initializer'),
        biases: each.flatMap(({ bias }) => bias ?? []),
      });
      const layer = (value: Value, { weight, biases }: ReturnType<typeof both>, first: boolean) => {
        const product = times(w, value, weight, first);
        if (biases.length === 0) return product;
        return w.op('Add', [product, w.weight(Weight.stack(biases).expand(1), 'initializer')]);
      };
      const up = both([weights.up, weights.otherUp]);
      const down = both([weights.down, weights.otherDown]);
      const made = layer(activate(w, layer(x, up, true), spec), down, false);
      const shares = w.op('Softmax', [writeLinear(w, 'matmul', x, weights.router)], { axis: -1 });
      const turned = w.unsqueeze(w.transpose(shares, 0, 2, 1), 3);
      return w.reduce('ReduceSum', w.op('Mul', [made, turned]), [1], 0);
    },
  };
}

type Layers = Pick<FfnWeights, 'up' | 'down'>;

function writePlain(w: SpellingWriter, x: Value, spec: FfnSpec, { up, down }: Layers): Value {
  return writeLinear(w, spec.linear, activate(w, writeLinear(w, spec.linear, x, up), spec), down);
}

/** An operator that holds one activation; others are written plainly. */
function withActivation(
  activation: ActivationName,
  write: (w: SpellingWriter, x: Value, spec: FfnSpec, layers: Layers) => Value,
): FfnSpelling {
  return {
    formula: 'plain',
    write: (w, x, _, spec, layers) => (spec.activation === activation ? write : writePlain)(w, x, spec, layers),
  };
}

/** The bias of the first layer goes into the operator of the activation. */
function withBias(op: string) {
  return (w: SpellingWriter, x: Value, spec: FfnSpec, { up, down }: Layers): Value => {
    if (!up.bias) return writePlain(w, x, spec, { up, down });
    const product = writeLinear(w, spec.linear, x, { weight: up.weight });
    return writeLinear(w, spec.linear, w.contrib(op, [product, w.weight(up.bias)]), down);
  };
}

/** Spellings of feed-forward networks. */
export const FFNS = {
  plain: { formula: 'plain', write: (w, x, _, spec, layers) => writePlain(w, x, spec, layers) },
  'plain-rows': {
    formula: 'plain',
    // Samples and tokens are one axis all the way.
    write: (w, x, _, spec, { up, down }) => {
      const gemm = (rows: Value, { weight, bias }: LinearWeights) =>
        w.op('Gemm', [rows, w.weight(weight), ...(bias ? [w.weight(bias)] : [])]);
      const [channels, outputs] = [up.weight.dims[0], down.weight.dims[1]];
      const rows = gemm(activate(w, gemm(w.reshape(x, [-1, channels]), up), spec), down);
      return w.reshape(rows, [w.axis(x, 0), w.axis(x, 1), outputs]);
    },
  },
  gated: {
    formula: 'gated',
    write: (w, x, _, spec, { up, gate, down }) => {
      const open = activate(w, writeLinear(w, spec.linear, x, gate), spec);
      return writeLinear(w, spec.linear, w.op('Mul', [open, writeLinear(w, spec.linear, x, up)]), down);
    },
  },
  'gated-split': gatedBy((w, both, hidden) => w.split(both, -1, [hidden, hidden])),
  'gated-split-evenly': gatedBy((w, both) =>
    w.ops('Split', [both], 2, w.opset >= 18 ? { axis: 2, num_outputs: 2 } : { axis: 2 }),
  ),
  'gated-slice': gatedBy((w, both, hidden) => [w.slice(both, 2, 0, hidden), w.slice(both, 2, hidden, 2 * hidden)]),
  'gated-computed-slice': gatedBy((w, both) => {
    // nn.functional.glu and chunk in TorchScript: half of the width read off the shape.
    const width = w.op('Gather', [w.op('Shape', [both]), w.int(2)], { axis: 0 });
    const half = w.unsqueeze(w.op('Div', [w.op('Add', [width, w.int(1)]), w.int(2)]), 0);
    const end = w.op('Mul', [half, w.ints(2)]);
    const [zero, axis] = [w.ints(0), w.ints(2)];
    return [w.op('Slice', [both, zero, half, axis]), w.op('Slice', [both, half, end, axis])];
  }),
  'gated-reshape': gatedBy((w, both, hidden) => {
    const apart = w.op('Reshape', [both, w.ints(0, 0, 2, hidden)]);
    return [0, 1].map((at) => w.op('Gather', [apart, w.int(at)], { axis: 2 }));
  }),
  'convolutions-1d': twoConvolutions(1),
  'convolutions-2d': twoConvolutions(2),
  depthwise: depthwise((w, hidden, kernel, channels) => {
    const attributes = { kernel_shape: [3], pads: [1, 1], group: channels };
    const made = w.op('Conv', [w.transpose(hidden, 0, 2, 1), w.weight(kernel, 'initializer')], attributes);
    return w.transpose(made, 0, 2, 1);
  }),
  'depthwise-2d': depthwise((w, hidden, kernel, channels) => {
    const attributes = { kernel_shape: [3, 1], pads: [1, 0, 1, 0], group: channels };
    const image = w.unsqueeze(w.transpose(hidden, 0, 2, 1), 3);
    const made = w.op('Conv', [image, w.weight(kernel.expand(3), 'initializer')], attributes);
    return w.transpose(w.squeeze(made, 3), 0, 2, 1);
  }),
  // PVT-v2 and SegFormer: tokens are an image between the layers.
  'depthwise-image': {
    formula: 'depthwise-image',
    write: (w, x, _, spec, { up, down, imageKernel }) => {
      const hidden = w.transpose(writeLinear(w, spec.linear, x, up), 0, 2, 1);
      const image = w.reshape(hidden, [w.axis(x, 0), spec.hidden, 2, TOKENS / 2]);
      const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: spec.hidden };
      const mixed = w.op('Conv', [image, w.weight(imageKernel, 'initializer')], attributes);
      const rows = w.transpose(w.reshape(mixed, [w.axis(x, 0), spec.hidden, TOKENS]), 0, 2, 1);
      return writeLinear(w, spec.linear, activate(w, rows, spec), down);
    },
  },
  'depthwise-by-shifts': depthwise((w, hidden, kernel) => {
    // The same from three shifted copies.
    const padded = w.op('Pad', [hidden, w.ints(0, 1, 0, 0, 1, 0)], { mode: 'constant' });
    const tokens = w.leading[1];
    const parts = [0, 1, 2].map((at) => {
      const tap = kernel.take(2, [at]);
      const row = w.weight(new Weight(`${kernel.name}.${at}`, [tap.axes[0]], tap.data), 'initializer');
      return w.op('Mul', [w.slice(padded, 1, at, at + tokens), row]);
    });
    return w.op('Sum', parts);
  }),
  experts: {
    formula: 'experts',
    // Two experts, weighed by a router's softmax.
    write: (w, x, _, spec, weights) => {
      const shares = w.op('Softmax', [writeLinear(w, 'matmul', x, weights.router)], { axis: -1 });
      const expert = (up: LinearWeights, down: LinearWeights) =>
        writeLinear(w, spec.linear, activate(w, writeLinear(w, spec.linear, x, up), spec), down);
      const made = [expert(weights.up, weights.down), expert(weights.otherUp, weights.otherDown)];
      const weighed = w.split(shares, -1, [1, 1]).map((share, at) => w.op('Mul', [made[at], share]));
      return w.op('Add', weighed);
    },
  },
  // All experts are one product of [experts, inputs, outputs].
  'experts-stacked': stackedExperts((w, x, weight, first) => w.op('MatMul', [first ? w.unsqueeze(x, 1) : x, weight])),
  'experts-einsum': stackedExperts(
    (w, x, weight, first) => w.op('Einsum', [x, weight], { equation: first ? 'bti,eio->beto' : 'beti,eio->beto' }),
    12,
  ),
  // Qwen's shared expert: added by a share of its own, a sigmoid.
  'shared-expert': {
    formula: 'shared-expert',
    write: (w, x, _, spec, weights) => {
      const share = w.op('Sigmoid', [writeLinear(w, 'matmul', x, weights.share)]);
      const other = writePlain(w, x, spec, { up: weights.otherUp, down: weights.otherDown });
      return w.op('Add', [writePlain(w, x, spec, weights), w.op('Mul', [share, other])]);
    },
  },
  scaled: {
    formula: 'scaled',
    write: (w, x, _, spec, { up, down, scale }) => {
      const hidden = activate(w, writeLinear(w, spec.linear, x, up), spec);
      return writeLinear(w, spec.linear, w.op('Mul', [w.weight(scale, 'initializer'), hidden]), down);
    },
  },
  'bias-gelu': withActivation('gelu-erf', withBias('BiasGelu')),
  'fast-gelu-bias': withActivation('gelu-tanh', withBias('FastGelu')),
  // onnxruntime's product with a Relu in it.
  'fused-gemm': withActivation('relu', (w, x, _, { up, down }) => {
    const rows = w.reshape(x, [-1, up.weight.dims[0]]);
    const biasOf = ({ bias }: LinearWeights) => (bias ? [w.weight(bias)] : []);
    const hidden = w.contrib('FusedGemm', [rows, w.weight(up.weight), ...biasOf(up)], { activation: 'Relu' });
    const made = w.op('Gemm', [hidden, w.weight(down.weight), ...biasOf(down)]);
    return w.reshape(made, [w.axis(x, 0), w.axis(x, 1), down.weight.dims[1]]);
  }),
} as const satisfies Record<string, FfnSpelling>;

/** Writes a feed-forward network of `x` [batch, tokens, channels]. */
export function writeFfn(w: SpellingWriter, name: string, x: Value, spec: FfnSpec, weights: FfnWeights): Value {
  return controlSpelling(spec.control).write(w, name.replaceAll('.', '_'), x, (own, value) =>
    ffnSpelling(spec.form).write(own, value, name, spec, weights),
  );
}

/** Name of a spelling of a feed-forward network. */
export type FfnName = keyof typeof FFNS;

/** The spelling of that name. */
export function ffnSpelling(name: FfnName): FfnSpelling {
  return FFNS[name];
}
