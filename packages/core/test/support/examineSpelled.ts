import { type Model, SnpError } from '@snp/onnx';
import {
  buildSpelled,
  type Feeds,
  keptNumbers,
  narrowedPort,
  type Port,
  referenceSpelled,
  relativeError,
  removalOf,
  retyped,
  runModel,
  type Spelled,
  type SpelledSpec,
  spelledFeeds,
  whyClosed,
} from '@snp/testing';
import { inModel } from './arrangedAs.js';
import { type Analysis, applyPlan, emptyPlan, maskedModel, type Plan, prepare, removedSlices } from './core.js';
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
  /** Those of `closed` that the formulas do not need whole. */
  readonly needless: readonly string[];
}

/** A random plan: the share of neurons that stay, of heads, and of branches. */
export interface DrawnPlan {
  readonly share: number;
  readonly heads: number;
  readonly branches: number;
  /** Inputs and outputs of past keys and values may become narrower. */
  readonly narrowCache?: boolean;
  readonly seed: number;
}

/** Numbers of outputs by name. */
type Answers = Readonly<Record<string, readonly number[]>>;

/** Largest relative error of any output; none has another number of elements. */
function distance(got: Feeds, want: Answers): number {
  return Math.max(
    ...Object.entries(want).map(([name, numbers]) => {
      const own = numbersOf(got, name);
      return own.length === numbers.length ? relativeError(own, numbers) : Number.POSITIVE_INFINITY;
    }),
  );
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
  const { narrowCache = false } = drawn;
  const tolerance = spec.float16 ? 5e-2 : 1e-3;
  const { model, stored: written, ports } = buildSpelled(spec);
  const feeds = spelledFeeds(model, drawn.seed);
  const none = { open: [], closed: [], needless: [] };
  const plain = await attempt(() => runModel(model, feeds));
  if ('error' in plain) return { outcome: 'not-run', detail: String(plain.error), ...none };
  const rounding = distance(plain.result, referenceSpelled(spec, feeds));
  if (!(rounding < tolerance)) {
    // In half precision, models without norms overflow by themselves: what is theirs in float32 is all that can be asked.
    const halfIsTooShort = spec.float16 && (await isLikeItsFormulas({ ...spec, float16: false }, drawn.seed));
    return halfIsTooShort
      ? { outcome: 'not-run', detail: 'not exact enough in half precision', ...none }
      : { outcome: 'unlike', ...none };
  }
  const prepared = await attempt(() => prepare(model, { allowNothing: true, narrowCache }));
  if ('error' in prepared) return { ...failure(prepared.error), ...none };
  const analysis = prepared.result;
  const stored = inModel(written, analysis.model.graph.initializers);
  const { open, closed } = widthsOf(analysis, stored);
  const widths = { open, closed, needless: closed.filter((width) => !whyClosed(spec, width, narrowCache)) };
  const neurons = drawn.share < 1 ? randomPlan(analysis, () => true, drawn.share, drawn.seed) : emptyPlan(analysis);
  // Of layers that share their weights, one cannot be told to have left.
  const shares = { ...drawn, branches: spec.repeated ? 1 : drawn.branches };
  const plan = withoutHeadsAndBranches(neurons, analysis, shares, drawn.seed);
  const found =
    Object.keys(plan.groups).length === 0
      ? { outcome: 'nothing' as const }
      : await examinePlan({ spec, drawn, analysis, plan, stored, ports, feeds, tolerance });
  // What prepares the model is to blame if it answers otherwise by then: sessions cost most of the time.
  // Half precision may round what is folded another way: a few times as far off as the model as it was written.
  const most = spec.float16 ? Math.max(1e-2, 4 * rounding) : 1e-5;
  const prior = found.outcome === 'right' ? undefined : await examinePrepared(analysis, feeds, plain.result, most);
  return { ...(prior ?? found), ...widths };
}

async function isLikeItsFormulas(spec: SpelledSpec, seed: number): Promise<boolean> {
  const { model } = buildSpelled(spec);
  const feeds = spelledFeeds(model, seed);
  return distance(await runModel(model, feeds), referenceSpelled(spec, feeds)) < 1e-3;
}

/** The fault of a prepared model, if it has one. */
async function examinePrepared(
  { model }: Analysis,
  feeds: Feeds,
  plain: Feeds,
  most: number,
): Promise<Pick<Examination, 'outcome' | 'detail'> | undefined> {
  const own = await attempt(() => runModel(model, feeds));
  if ('error' in own) return { outcome: 'load', detail: `prepared: ${own.error}` };
  const change = Math.max(
    ...Object.keys(plain).map((name) => relativeError(numbersOf(own.result, name), numbersOf(plain, name))),
  );
  return change < most ? undefined : { outcome: 'prepared', detail: `by ${change}` };
}

interface Planned extends Omit<Spelled, 'model'> {
  readonly spec: SpelledSpec;
  readonly drawn: DrawnPlan;
  readonly analysis: Analysis;
  readonly plan: Plan;
  readonly feeds: Feeds;
  readonly tolerance: number;
}

async function examinePlan(planned: Planned): Promise<Pick<Examination, 'outcome' | 'detail'>> {
  const { spec, analysis, plan, stored, feeds, tolerance } = planned;
  const pruned = await attempt(() => applyPlan(analysis, plan));
  if ('error' in pruned) return failure(pruned.error);
  const slices = removedSlices(plan, analysis);
  const removed = removalOf(slices, stored);
  const ports: ReadonlyMap<string, Port> = analysis.narrowCache ? planned.ports : new Map();
  const kept = (answers: Answers) => mapByName(answers, (numbers, port) => keptNumbers(numbers, port, removed), ports);
  const fed = mapByName(feeds, (feed, port) => narrowedPort(feed, port, removed), ports);
  /** The pruned model's answers in some form of it, and the masked original's in the same. */
  const answersOf = async (form: (model: Model) => Model) => ({
    got: await attempt(() => runModel(form(pruned.result), fed)),
    masked: await attempt(async () => {
      const outputs = await runModel(form(maskedModel(analysis.model, slices) as Model), feeds);
      return kept(Object.fromEntries(Object.keys(outputs).map((name) => [name, numbersOf(outputs, name)])));
    }),
  });
  const { got, masked } = await answersOf((model) => model);
  if ('error' in got) return { outcome: 'load', detail: String(got.error) };
  const wantedWith = (keepsDivisors: boolean) => kept(referenceSpelled(spec, feeds, { removed, keepsDivisors }));
  const wanted = wantedWith(false);
  // One neuron has no variance over n - 1.
  if (!Object.values(wanted).flat().every(Number.isFinite)) return { outcome: 'nothing' };
  const first = distance(got.result, wanted);
  const error = first < tolerance ? first : Math.min(first, distance(got.result, wantedWith(true)));
  if ('error' in masked) return { outcome: 'masked', detail: String(masked.error) };
  const apart = distance(got.result, masked.result);
  if (error < tolerance && apart < tolerance) return { outcome: 'right' };
  if (spec.float16 && (await isRounding(planned, answersOf))) return { outcome: 'right' };
  return error < tolerance ? { outcome: 'masked', detail: `by ${apart}` } : { outcome: 'wrong', detail: `by ${error}` };
}

/**
 * Norms of small numbers, one behind another, enlarge the rounding of float16 without bound. It is no fault where the model in float32 is right under the same plan, and
 * the float16 file equals its masked original once both are computed in float32.
 */
async function isRounding(
  { spec, drawn, tolerance }: Planned,
  answersOf: (form: (model: Model) => Model) => Promise<{ got: Attempt<Feeds>; masked: Attempt<Answers> }>,
): Promise<boolean> {
  const twin = await examineSpelled({ ...spec, float16: false }, drawn);
  if (twin.outcome !== 'right') return false;
  const { got, masked } = await answersOf((own) => retyped(own, 'FLOAT16', 'FLOAT'));
  return 'result' in got && 'result' in masked && distance(got.result, masked.result) < tolerance;
}

/** Everything as it is, but what goes through a port. */
function mapByName<T>(
  items: Readonly<Record<string, T>>,
  change: (item: T, port: Port) => T,
  ports: ReadonlyMap<string, Port>,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(items).map(([name, item]) => {
      const port = ports.get(name);
      return [name, port ? change(item, port) : item];
    }),
  );
}

function failure(error: unknown): Pick<Examination, 'outcome' | 'detail'> {
  return { outcome: error instanceof SnpError ? 'refused' : 'crash', detail: String(error) };
}

/** The widths of a model by whether any group holds their units. */
function widthsOf({ groups, model }: Analysis, stored: Spelled['stored']): Pick<Examination, 'open' | 'closed'> {
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
