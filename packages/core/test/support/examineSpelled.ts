import { type Model, SnpError } from '@snp/onnx';
import {
  buildSpelled,
  type Feeds,
  referenceSpelled,
  relativeError,
  removalOf,
  runModel,
  type SpelledSpec,
  spelledFeeds,
  type Weight,
} from '@snp/testing';
import {
  type Analysis,
  applyPlan,
  emptyPlan,
  maskedModel,
  type Plan,
  prepare,
  removedSlices,
} from '../../src/index.js';
import { inModel } from './arrangedAs.js';
import { randomPlan, withoutHeadsAndBranches } from './equivalence.js';

/** What became of one spelled model under one random plan. */
export interface Examination {
  /**
   * `right`; `nothing` to prune; `refused` with an error that says why; `not-run` by the runtime as it was written, which is nobody's fault;
   * or a fault: its own answers are `unlike` the formulas, a `crash`, a result that does not `load`, `prepared` differs, `wrong` answers, or a `masked` original that differs.
   */
  readonly outcome:
    | 'right'
    | 'nothing'
    | 'refused'
    | 'not-run'
    | 'unlike'
    | 'crash'
    | 'load'
    | 'prepared'
    | 'wrong'
    | 'masked';
  readonly detail?: string;
  /** Widths that some unit of can leave, and that none can. */
  readonly open: readonly string[];
  readonly closed: readonly string[];
}

/** A random plan: the share of neurons that stay, of heads, and of branches. */
export interface DrawnPlan {
  readonly share: number;
  readonly heads: number;
  readonly branches: number;
  readonly seed: number;
}

/** Largest relative error of any output. */
function distance(got: Feeds, want: Readonly<Record<string, readonly number[]>>): number {
  return Math.max(...Object.entries(want).map(([name, numbers]) => relativeError(numbersOf(got, name), numbers)));
}

function numbersOf(outputs: Feeds, name: string): number[] {
  const output = outputs[name];
  return output ? Array.from(output.data, Number) : [];
}

type Attempt<T> = { readonly result: T } | { readonly error: unknown };

async function attempt<T>(work: () => T | Promise<T>): Promise<Attempt<T>> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error };
  }
}

/** Builds, prepares, prunes and runs a spelled model, and holds it against the formulas. */
export async function examineSpelled(spec: SpelledSpec, drawn: DrawnPlan): Promise<Examination> {
  const tolerance = spec.float16 ? 5e-2 : 1e-3;
  const { model, stored: written } = buildSpelled(spec);
  const feeds = spelledFeeds(model, drawn.seed);
  const none = { open: [], closed: [] };
  const plain = await attempt(() => runModel(model, feeds));
  if ('error' in plain) return { outcome: 'not-run', detail: String(plain.error), ...none };
  if (!(distance(plain.result, referenceSpelled(spec, feeds)) < tolerance)) {
    return { outcome: 'unlike', ...none };
  }
  const prepared = await attempt(() => prepare(model, { allowNothing: true }));
  if ('error' in prepared) return { ...failure(prepared.error), ...none };
  const analysis = prepared.result;
  const stored = inModel(written, analysis.model.graph.initializers);
  const widths = widthsOf(analysis, stored);
  const own = await attempt(() => runModel(analysis.model, feeds));
  if ('error' in own) return { outcome: 'load', detail: `prepared: ${own.error}`, ...widths };
  const change = Math.max(
    ...Object.keys(plain.result).map((name) =>
      relativeError(numbersOf(own.result, name), numbersOf(plain.result, name)),
    ),
  );
  if (!(change < (spec.float16 ? 1e-2 : 1e-5))) return { outcome: 'prepared', detail: `by ${change}`, ...widths };
  const neurons = drawn.share < 1 ? randomPlan(analysis, () => true, drawn.share, drawn.seed) : emptyPlan(analysis);
  // Of layers that share their weights, one cannot be told to have left.
  const shares = { ...drawn, branches: spec.repeated ? 1 : drawn.branches };
  const plan = withoutHeadsAndBranches(neurons, analysis, shares, drawn.seed);
  if (Object.keys(plan.groups).length === 0) return { outcome: 'nothing', ...widths };
  return { ...(await examinePlan(spec, analysis, plan, stored, feeds, tolerance)), ...widths };
}

async function examinePlan(
  spec: SpelledSpec,
  analysis: Analysis,
  plan: Plan,
  stored: ReadonlyMap<string, Weight>,
  feeds: Feeds,
  tolerance: number,
): Promise<Pick<Examination, 'outcome' | 'detail'>> {
  const pruned = await attempt(() => applyPlan(analysis, plan));
  if ('error' in pruned) return failure(pruned.error);
  const slices = removedSlices(plan, analysis);
  const removed = removalOf(slices, stored);
  const got = await attempt(() => runModel(pruned.result, feeds));
  if ('error' in got) return { outcome: 'load', detail: String(got.error) };
  const wanted = [false, true].map((keepsDivisors) => referenceSpelled(spec, feeds, { removed, keepsDivisors }));
  const nearest = (outputs: Feeds) => Math.min(...wanted.map((want) => distance(outputs, want)));
  const error = nearest(got.result);
  if (!(error < tolerance)) return { outcome: 'wrong', detail: `by ${error}` };
  const masked = await attempt(() => runModel(maskedModel(analysis.model, slices) as Model, feeds));
  if ('error' in masked) return { outcome: 'masked', detail: String(masked.error) };
  const apart = distance(
    masked.result,
    Object.fromEntries(Object.keys(got.result).map((name) => [name, numbersOf(got.result, name)])),
  );
  return apart < tolerance ? { outcome: 'right' } : { outcome: 'masked', detail: `by ${apart}` };
}

function failure(error: unknown): Pick<Examination, 'outcome' | 'detail'> {
  return { outcome: error instanceof SnpError ? 'refused' : 'crash', detail: String(error) };
}

/** The widths of a model by whether any group holds their units. */
function widthsOf(
  { groups, model }: Analysis,
  stored: ReadonlyMap<string, Weight>,
): Pick<Examination, 'open' | 'closed'> {
  const widthOf = (unit: string) => unit.slice(0, unit.lastIndexOf(':'));
  const unitsAt = (name: string, axis: number) => stored.get(name)?.axes[axis].flat() ?? [];
  const open = new Set(
    groups.flatMap(({ members }) =>
      members.flatMap(({ initializer, axis }) => unitsAt(initializer.name, axis).map(widthOf)),
    ),
  );
  const all = new Set(
    model.graph.initializers.flatMap(({ name }) =>
      (stored.get(name)?.axes ?? []).flatMap((axis) => axis.flat().map(widthOf)),
    ),
  );
  const neurons = [...all].filter((width) => !width.endsWith('.head') && !width.endsWith('.mixed'));
  return { open: neurons.filter((width) => open.has(width)), closed: neurons.filter((width) => !open.has(width)) };
}
