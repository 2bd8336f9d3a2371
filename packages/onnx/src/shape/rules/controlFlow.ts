import type { Graph } from '../../ir/graph.js';
import { dimsEqual } from '../dim.js';
import type { OutputFacts, ValueFacts } from '../facts.js';
import { inserted, normalAxis, type OperatorCall } from '../operatorCall.js';
import type { ShapeRules } from '../shapeRule.js';
import { nonNegative } from './constants.js';

/** Operators that run subgraphs. */
export const controlFlowRules: ShapeRules = { If: ifRule, Loop: loopRule, Scan: scanRule };

function bodyOf(call: OperatorCall, name: string): Graph | undefined {
  const attribute = call.node.attributes.get(name);
  return attribute?.type === 'GRAPH' ? attribute.value : undefined;
}

function ifRule(call: OperatorCall): OutputFacts[] {
  const [yes, no] = ['then_branch', 'else_branch'].map((name) => {
    const graph = bodyOf(call, name);
    return graph ? call.run.inferSubgraph(graph, []) : [];
  });
  const condition = call.content(0)?.[0];
  if (condition === 1) return yes;
  if (condition === 0) return no;
  return call.node.outputs.map((_, index) => merged(yes[index] ?? {}, no[index] ?? {}));
}

/** What holds for both: equal dimensions stay, others are unknown; different ranks leave the rank unknown. */
function merged(a: OutputFacts, b: OutputFacts): OutputFacts {
  const type = a.type === b.type ? a.type : undefined;
  if (!a.shape || a.shape.length !== b.shape?.length) return { type };
  return { type, shape: a.shape.map((dim, axis) => (dimsEqual(dim, b.shape?.[axis]) ? dim : undefined)) };
}

/** Inputs: trip count, condition, carried values. The body takes iteration, condition, carried values. */
function loopRule(call: OperatorCall): OutputFacts[] {
  const body = bodyOf(call, 'body');
  if (!body) return [];
  const carried = call.node.inputs.slice(2).map((_, index) => call.input(index + 2));
  const scalars: ValueFacts[] = [
    { type: 'INT64', shape: [] },
    { type: 'BOOL', shape: [] },
  ];
  const { states, outputs } = settled(call, body, scalars, carried, []);
  const scans = outputs.slice(1 + carried.length).map(({ type, shape }) => ({
    type,
    shape: shape && [undefined, ...shape],
  }));
  return [...states, ...scans];
}

/** So many rounds see all that a body of ordinary depth passes on. */
const MOST_ROUNDS = 4;

/**
 * Runs the body until what is carried from one iteration to the next keeps its shape, giving up the dimensions that change.
 * A body that does not settle is looked at once more with nothing known of its states.
 */
function settled(
  call: OperatorCall,
  body: Graph,
  before: readonly ValueFacts[],
  carried: readonly ValueFacts[],
  after: readonly OutputFacts[],
): { states: OutputFacts[]; outputs: ValueFacts[] } {
  const skipped = before.length === 0 ? 0 : 1;
  const run = (states: readonly OutputFacts[]) => call.run.inferSubgraph(body, [...before, ...states, ...after]);
  let states: OutputFacts[] = carried.map(({ type, shape }) => ({ type, shape }));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const outputs = run(states);
    const next = states.map((state, index) => merged(state, outputs[index + skipped] ?? {}));
    if (next.every((state, index) => sameFacts(state, states[index]))) return { states, outputs };
    states = next;
  }
  states = states.map(({ type }) => ({ type }));
  return { states, outputs: run(states) };
}

/** Whether merging has left facts as they were. */
function sameFacts(merged: OutputFacts, before: OutputFacts): boolean {
  if (merged.type !== before.type || !merged.shape !== !before.shape) return false;
  return merged.shape?.every((dim, axis) => (dim === undefined) === (before.shape?.[axis] === undefined)) ?? true;
}

/**
 * Scan-9 and later: state variables, then sequences of which the body sees one slice at a time. Scan-8, which has a batch
 * dimension and lengths besides, tells nothing.
 */
function scanRule(call: OperatorCall): OutputFacts[] {
  const body = bodyOf(call, 'body');
  if (body && call.run.opset < 9) {
    call.run.inferSubgraph(body, []);
    return [];
  }
  const scanned = call.node.int('num_scan_inputs', 0);
  const inputs = call.node.inputs.map((_, index) => call.input(index));
  if (!body || inputs.length < scanned) return [];
  const stateCount = inputs.length - scanned;
  const axes = call.node.ints('scan_input_axes');
  const sequences = inputs.slice(stateCount);
  const axisOf = (index: number, rank: number) => normalAxis(axes?.[index] ?? 0, rank);
  const slices = sequences.map(({ type, shape }, i) => ({ type, shape: shape?.toSpliced(axisOf(i, shape.length), 1) }));
  const first = sequences[0]?.shape;
  const length = first && nonNegative(first[axisOf(0, first.length)]);
  const { states, outputs } = settled(call, body, [], inputs.slice(0, stateCount), slices);
  const outputAxes = call.node.ints('scan_output_axes');
  const stacked = outputs.slice(stateCount).map(({ type, shape }, i) => ({
    type,
    shape: shape && inserted(shape, normalAxis(outputAxes?.[i] ?? 0, shape.length + 1), length),
  }));
  return [...states, ...stacked];
}
