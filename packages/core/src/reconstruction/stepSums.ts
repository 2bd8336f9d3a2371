import type { Model, ShapeInfo, Value } from '@snp/onnx';
import {
  crossTap,
  type Moments,
  type RuntimeTensor,
  rowsTap,
  runTapped,
  squareOf,
  type Tap,
  TapBuilder,
} from '@snp/runtime';
import type { LastLayer } from '../layers/branchLayers.js';
import type { BranchPlace } from './branchPlace.js';
import { errorTap, TARGET } from './errorTap.js';
import type { StepSums } from './gaussNewton.js';
import { type HiddenLayer, slopesOf } from './hiddenLayer.js';
import { divided, type Half, type RunOptions } from './streams.js';

/** Rows of slopes per run that are looked at: their products only shape the step, and are most of the work. */
const SLOPE_ROWS = 512;

/** What every other sample says. */
export interface HalfSums {
  /** Of each layer. */
  sums: StepSums[];
  /** The stream behind the branch as it is, sample by sample. */
  streams: RuntimeTensor[];
}

/** Sums over every other sample; undefined where there are too few samples for that. */
export async function stepSums(
  { layer, sum, shapes, from, segment: cut, own, wanted }: BranchPlace,
  layers: readonly HiddenLayer[],
  half: Half,
  options: RunOptions,
): Promise<HalfSums | undefined> {
  const segment = cut();
  const missing = errorTap(sum, shapes.shape(sum)!, shapes.elementType(sum));
  const taps = layers.map((hidden, at) => {
    const name = hidden.input === from ? segment.start! : hidden.input.name;
    return tapsOf(hidden, at, { input: segment.model.graph.value(name), layer, missing, shapes });
  });
  const behind: Tap = { name: 'behind', build: (model) => model.graph.value(sum.name) };
  const streams: RuntimeTensor[] = [];
  const products = new Map<string, RuntimeTensor>();
  const moments = new Map<string, Moments>();
  await runTapped(
    {
      ...options,
      model: segment.model,
      taps: [behind, ...taps.flatMap(({ inputs, slopes, pulls }) => [inputs, slopes, pulls])],
      calibration: own.feeding(segment, { beside: { name: TARGET, of: wanted }, half }),
      sums: taps.map(({ pulls }) => pulls.name),
      onSum: (name, tensor) => products.set(name, tensor),
      moments: taps.flatMap(({ inputs, slopes }) => [inputs.name, slopes.name]),
      onMoments: (name, own) => moments.set(name, own),
    },
    (outputs, { length }) => void streams.push(...divided(outputs[behind.name], length)),
  );
  if (products.size === 0) return undefined;
  const sums = layers.map(({ bias }, at) =>
    sumsOf(moments.get(taps[at].inputs.name)!, moments.get(taps[at].slopes.name)!, products.get(taps[at].pulls.name)!, {
      biased: bias !== undefined,
    }),
  );
  return { sums, streams };
}

/** Rows of what a hidden layer reads, of its slopes, and the sums of products of the first with what each neuron can mend. */
function tapsOf(
  hidden: HiddenLayer,
  at: number,
  { input, layer, missing, shapes }: { input: Value; layer: LastLayer; missing: Tap; shapes: ShapeInfo },
) {
  const { weight, axis } = hidden;
  const dims = weight.tensor!.dims;
  const rank = shapes.shape(hidden.input)!.length;
  const inputs = { ...rowsTap(input, { rank, feature: rank - 1, width: dims[1 - axis] }), name: `inputs/${at}` };
  const { site, member, group } = layer;
  const shared = new WeakMap<Model, Value>();
  const slopes: Tap = {
    name: `slopes/${at}`,
    rows: SLOPE_ROWS,
    build(model) {
      const known =
        shared.get(model) ??
        rowsTap(slopesOf(model, hidden), { rank: site.rank, feature: site.axis, width: group.units }).build(model);
      shared.set(model, known);
      return known;
    },
  };
  const mendable: Tap = {
    name: `mendable/${at}`,
    build(model) {
      const { graph } = model;
      const op = (op: string, inputs: Value[], attributes = {}) =>
        graph.addNode({ op, inputs, attributes }).outputs[0]!;
      const weights = new TapBuilder(model).single(graph.value(member.initializer.name));
      const back = member.axis === 0 ? op('Transpose', [weights], { perm: [1, 0] }) : weights;
      return op('Mul', [op('MatMul', [missing.build(model), back]), slopes.build(model)]);
    },
  };
  return { inputs, slopes, pulls: { ...crossTap(inputs, mendable), name: `pulls/${at}` } };
}

function sumsOf(
  { count, sums, products }: Moments,
  slopes: Moments,
  { dims, data }: RuntimeTensor,
  { biased }: { biased: boolean },
): StepSums {
  const own = sums.length;
  const width = own + (biased ? 1 : 0);
  const inputs = new Float64Array(width * width);
  const square = squareOf(products);
  for (let i = 0; i < own; i++) {
    inputs.set(square.subarray(i * own, (i + 1) * own), i * width);
    if (biased) inputs[i * width + own] = inputs[own * width + i] = sums[i];
  }
  if (biased) inputs[inputs.length - 1] = count;
  const neurons = dims[1] - 1;
  const pulls = new Float64Array(width * neurons);
  for (let i = 0; i < width; i++)
    pulls.set((data as Float64Array).subarray(i * dims[1], i * dims[1] + neurons), i * neurons);
  return { count, inputs, slopes: squareOf(slopes.products).map((sum) => sum / slopes.count), pulls };
}
