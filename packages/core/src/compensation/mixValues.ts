import { type Analysis, type NeuronGroup, unitsByLane } from '@snp/graph';
import type { Node, Value } from '@snp/onnx';
import { covarianceOf } from '../algebra/covariance.js';
import { type LinearReader, linearReader, readerRows, writeReader } from '../layers/linearReader.js';
import { isRepetition, isScaling, type LinearWriter, linearWriter, MOVES, mixWritten } from '../layers/linearWriter.js';
import type { SecondMoments } from '../statistics/moments.js';
import { type Compensation, tails } from './compensation.js';
import type { CompensationMethod } from './method.js';
import { firstColumns } from './pairSpectrum.js';
import { refitMixed } from './refit.js';
import { type ValueSpectrum, valueSpectrum } from './valueSpectrum.js';

/** The layers around a group's value neurons: attention between them only mixes tokens. */
interface ValueLayers {
  writer: LinearWriter;
  reader: LinearReader;
}

function valueLayers(group: NeuronGroup, analysis: Analysis): ValueLayers | string {
  const reader = linearReader(group);
  if (typeof reader === 'string') return reader;
  const mixer = attentionBehind(reader.site.value, analysis);
  if (typeof mixer === 'string') return mixer;
  const operand = mixer.inputs.find((value) => value && carries(value, group, analysis));
  if (!operand) return `cannot be followed through ${mixer.label}`;
  const writer = linearWriter(group, operand, analysis);
  if (typeof writer === 'string') return `has values that ${writer}`;
  const own = new Set([writer.weight, writer.bias, reader.member.initializer]);
  const other = group.members.find(({ initializer }) => !own.has(initializer));
  return other ? `has neurons that '${other.initializer.name}' acts on one by one` : { writer, reader };
}

/** The attention whose result a value is, moved about at most. */
function attentionBehind(value: Value, { walk }: Analysis): Node | string {
  const mixers = new Set(walk.mixers);
  for (let node = value.producer; node; ) {
    if (mixers.has(node)) return node;
    const sums = node.opType === 'ReduceSum' && mixers.has(node.inputs[0]!.producer!);
    if (!sums && !MOVES.has(node.opType) && !isScaling(node) && !isRepetition(node))
      return `goes through ${node.label}, which acts on single neurons`;
    node = node.inputs.find((input) => input && !input.tensor)?.producer;
  }
  return 'does not come from an attention';
}

function carries(value: Value, group: NeuronGroup, { walk }: Analysis): boolean {
  const roots = new Set([...group.labels].map((label) => walk.labels.find(label)));
  return (walk.layouts.get(value)?.fields ?? []).some(({ labels }) => roots.has(walk.labels.find(labels[0])));
}

/** Mixing of value neurons per head, with one refit of the output projection over what all heads keep. */
export const mixValues: CompensationMethod = {
  statistics: ['secondMoments'],
  prepare: (group, { moments, analysis }) => mixingOf(group, moments.secondMoments, analysis),
};

function mixingOf(group: NeuronGroup, moments: SecondMoments | undefined, analysis: Analysis): Compensation | string {
  const layers = valueLayers(group, analysis);
  if (typeof layers === 'string') return layers;
  if (!moments) return 'has no statistics';
  const { writer, reader } = layers;
  const centred = reader.bias !== undefined;
  const weights = readerRows(reader);
  const lanes = unitsByLane(group);
  const width = group.units / group.lanes;
  const spectra = lanes.map((units) => {
    const { covariance, rows } = headOf(units, reader, { moments, weights });
    return valueSpectrum(covariance, rows, width);
  });
  if (!spectra.every((spectrum) => spectrum !== undefined)) return 'has statistics without a finite solution';
  const terms = new Float64Array(width);
  for (const { errors } of spectra) for (const [i, error] of errors.entries()) terms[i] += error;
  return {
    group,
    name: 'mixing',
    errors: tails(terms),
    select: (keep) => lanes.flatMap((units) => units.slice(0, keep)).sort((a, b) => a - b),
    touches: [writer.weight, writer.bias, reader.member.initializer, reader.bias].flatMap((value) => value ?? []),
    async apply(kept, edits, algebra) {
      const stays = new Set(kept);
      const slots = lanes.map((units) => units.filter((unit) => stays.has(unit)));
      // The weights as they are by then: the layer may have taken over what a branch behind it gave.
      const mixture = blockMixture(lanes, slots, spectra, reader);
      const refit = await refitMixed(covarianceOf(moments, { centred }), mixture, readerRows(reader, edits), {
        algebra,
      });
      if (!refit) return false;
      for (const [lane, units] of lanes.entries()) {
        mixWritten(writer, units, slots[lane], firstColumns(spectra[lane].mixtures, width, slots[lane].length), edits);
      }
      writeReader(reader, slots.flat(), refit, edits);
      return true;
    },
  };
}

/**
 * What is known of a head's values, and the rows that read them, [units, outputs]. Where several queries share the values, each averages them in its own way and has rows of its own: mean covariance, and rows
 * side by side.
 */
function headOf(
  units: readonly number[],
  reader: LinearReader,
  { moments, weights }: { moments: SecondMoments; weights: Float64Array },
): { covariance: Float64Array; rows: Float64Array } {
  const { repeats, inputAt, bias } = reader;
  const outputs = weights.length / inputAt.length;
  const covariance = new Float64Array(units.length ** 2);
  const rows = new Float64Array(units.length * repeats * outputs);
  for (let copy = 0; copy < repeats; copy++) {
    const inputs = units.map((unit) => unit * repeats + copy);
    const { matrix } = covarianceOf(moments, { centred: bias !== undefined, units: inputs });
    for (const [at, element] of matrix.entries()) covariance[at] += element / repeats;
    for (const [at, input] of inputs.entries())
      rows.set(weights.subarray(input * outputs, (input + 1) * outputs), (at * repeats + copy) * outputs);
  }
  return { covariance, rows };
}

/** The mixtures of all heads as one matrix, [inputs, inputs of all slots], zero where the two are of different heads, of queries or of values. */
function blockMixture(
  lanes: readonly number[][],
  slots: readonly number[][],
  spectra: readonly ValueSpectrum[],
  { repeats, inputAt }: LinearReader,
): Float64Array {
  const columns = repeats * slots.reduce((sum, lane) => sum + lane.length, 0);
  const matrix = new Float64Array(inputAt.length * columns);
  let column = 0;
  for (const [lane, { mixtures, width }] of spectra.entries()) {
    for (let s = 0; s < slots[lane].length; s++) {
      lanes[lane].forEach((unit, i) => {
        for (let copy = 0; copy < repeats; copy++)
          matrix[(unit * repeats + copy) * columns + column + copy] = mixtures[i * width + s];
      });
      column += repeats;
    }
  }
  return matrix;
}
