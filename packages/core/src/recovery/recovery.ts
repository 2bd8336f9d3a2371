import { type Analysis, analyze, type Branch, type Group } from '@snp/graph';
import { cloneModel } from '@snp/onnx';
import type { Runtime } from '@snp/runtime';
import { Algebra } from '../algebra/algebra.js';
import { CHOOSING_RIDGE } from '../algebra/ridge.js';
import { type Plan, removedUnits } from '../plan/plan.js';
import type { GroupMoments } from '../statistics/statistics.js';
import { affineMaps } from './affineMap.js';
import { keepHeads, valuePart } from './keepHeads.js';
import { Lanes } from './lanes.js';
import { type BranchMethod, leaveOut } from './leaveOut.js';
import type { RecoveryMethod } from './method.js';
import { mixPairs } from './mixPairs.js';
import { mixQueries } from './mixQueries.js';
import { mixValues } from './mixValues.js';
import { pickPairs } from './pickPairs.js';
import { expectSurgeon, refitReader } from './refitReader.js';
import { rotateStream } from './rotateStream.js';
import { inSinglePrecision } from './weights.js';

/**
 * How what stays makes up for what leaves: not at all; by the means of what leaves; by predicting it (`ridge`); or, `full`, by mixing query/key and
 * value neurons instead of picking them, and hidden neurons picked by the surgeon with ridge.
 */
export type RecoveryKind = 'none' | 'mean' | 'ridge' | 'full';

/** What recovery did for each group that lost units: `done` with the method, or why it could do nothing. */
export type RecoveryOutcomes = ReadonlyMap<string, string>;

/** Options of `Recovery.create`. */
export interface RecoveryOptions {
  /** Ids of the groups of neurons that may lose units. Default all. */
  groups?: readonly string[] | undefined;
  /** Ids of heads and branches that may leave. Default none. */
  beyond?: readonly string[] | undefined;
  /** Whether error-versus-width curves are wanted, to divide a budget by. Default true; without them, hidden neurons are chosen with a firmer ridge, which follows chance less. */
  curves?: boolean | undefined;
  /** For dense algebra; without one it is slow for wide layers. */
  runtime?: Runtime | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Hidden layers at a time: while one is in the runtime, the next are made ready. */
const AT_ONCE = 3;

/**
 * Recovery of one model: a copy of it whose weights can be rewritten so that units that stay carry the part of those that leave. Shapes
 * and operators stay as they are; the copy is cut by the same plan afterwards.
 */
export class Recovery {
  /**
   * Works out how each group is recovered.
   *
   * @param statistics Moments by group id.
   */
  static async create(
    analysis: Analysis,
    statistics: ReadonlyMap<string, GroupMoments>,
    kind: Exclude<RecoveryKind, 'none'>,
    { groups, beyond = [], curves = true, runtime, onProgress }: RecoveryOptions = {},
  ): Promise<Recovery> {
    const algebra = new Algebra(runtime);
    try {
      // Opened while the copy is made.
      for (const group of analysis.groups.filter(({ id }) => !groups || groups.includes(id)))
        if (kind === 'full' && isHidden(group)) expectSurgeon(group, algebra);
      const copy = analyze(cloneModel(analysis.model), { narrowCache: analysis.narrowCache });
      const wanted = copy.groups.filter(({ id }) => !groups || groups.includes(id));
      const leaving = copy.branches.filter(({ id }) => beyond.includes(id));
      const methods = new Map<string, RecoveryMethod>();
      const further = new Map<string, RecoveryMethod>();
      const reasons = new Map<string, string>();
      const found = new Map<Group, Found>();
      const lanes = new Lanes<Group>(async (group) => {
        found.set(
          group,
          await methodFor(group, statistics.get(group.id) ?? {}, kind, { analysis: copy, algebra, curves }),
        );
        onProgress?.(found.size, wanted.length);
      });
      const [stream, hidden] = [wanted.filter(isStream), wanted.filter(isHidden)];
      const others = wanted.filter((group) => !isStream(group) && !isHidden(group));
      // Streams first: each of their many small products would wait for an elimination.
      const inRuntime = lanes
        .inTurn(stream)
        .then(() => lanes.all(dealt(hidden, AT_ONCE).map((own) => lanes.inTurn(own))));
      await lanes.all([inRuntime, lanes.inTurn(others)]);
      for (const group of wanted) {
        const { method, reason } = found.get(group)!;
        if (method) methods.set(group.id, method);
        if (reason) reasons.set(group.id, reason);
      }
      const add = (group: Group, own: RecoveryMethod | string) => {
        if (typeof own === 'string') reasons.set(group.id, own);
        else further.set(group.id, own);
      };
      for (const heads of copy.heads.filter(({ id, frozen }) => !frozen && beyond.includes(id))) {
        const value = valuePart(heads)?.group.id ?? '';
        add(heads, keepHeads(heads, statistics.get(value)?.secondMoments, methods.get(value)));
      }
      const maps = kind === 'mean' ? new Map() : await affineMaps(leaving, copy.branches, statistics, algebra);
      for (const branch of leaving)
        add(branch, leaveOut(branch, { branches: copy.branches, statistics, methods, maps }));
      return new Recovery(copy, methods, further, reasons, runtime);
    } finally {
      await algebra.close();
    }
  }

  private constructor(
    /** The copy. */
    readonly analysis: Analysis,
    /** How each group of neurons is recovered. */
    readonly methods: ReadonlyMap<string, RecoveryMethod>,
    /** How heads and branches are that may leave. */
    readonly beyond: ReadonlyMap<string, RecoveryMethod>,
    /** Why a group is recovered less than was asked for, or not at all. */
    private readonly reasons: ReadonlyMap<string, string>,
    private readonly runtime: Runtime | undefined,
  ) {}

  /** Rewrites the weights for a plan (in full, as `checkPlan` gives it). To be called once; `trying` undoes it. */
  async apply(plan: Plan): Promise<RecoveryOutcomes> {
    const algebra = new Algebra(this.runtime);
    try {
      return await inSinglePrecision(this.analysis.model, () => this.#apply(plan, algebra));
    } finally {
      await algebra.close();
    }
  }

  async #apply(plan: Plan, algebra: Algebra): Promise<RecoveryOutcomes> {
    const outcomes = new Map<string, string>();
    const { groups, heads, branches } = this.analysis;
    const leaving = (group: Group) => removedUnits(plan, group).length > 0;
    // What branches leave to others is work of those, before some of their neurons leave.
    const gone = new Set(branches.filter(leaving).map(({ id }) => id));
    for (const branch of branches.filter(leaving)) outcomes.set(branch.id, await this.#leaveOut(branch, gone, algebra));
    const [stream, others] = [groups.filter(isStream), groups.filter((group) => !isStream(group))];
    const applyTo = async (group: Group) =>
      outcomes.set(group.id, await this.#applyTo(group, plan.groups[group.id].keep, algebra));
    for (const group of others.filter(leaving)) await applyTo(group);
    // What leaves of the values of heads is recovered with the values.
    for (const set of heads.filter(leaving)) {
      const value = valuePart(set)?.group.id ?? '';
      outcomes.set(set.id, outcomes.get(value) ?? this.reasons.get(set.id) ?? 'nothing');
    }
    // Rotations of the stream come last: they turn whatever the others made of the weights.
    for (const group of stream.filter(leaving)) await applyTo(group);
    return outcomes;
  }

  /** Does something with the weights as they are for a plan, and puts them back. */
  async trying<T>(plan: Plan, use: (analysis: Analysis) => Promise<T>): Promise<T> {
    const before = this.analysis.model.graph.initializers.map((value) => [value, value.tensor] as const);
    try {
      await this.apply(plan);
      return await use(this.analysis);
    } finally {
      for (const [value, tensor] of before) value.tensor = tensor;
    }
  }

  async #leaveOut(branch: Branch, gone: ReadonlySet<string>, algebra: Algebra): Promise<string> {
    const method = this.beyond.get(branch.id) as BranchMethod | undefined;
    if (!method) return this.reasons.get(branch.id) ?? 'nothing';
    await method.apply([], algebra, gone);
    return 'done';
  }

  async #applyTo(group: Group, kept: readonly number[], algebra: Algebra): Promise<string> {
    const method = this.methods.get(group.id);
    const reason = this.reasons.get(group.id);
    if (!method) return reason ?? 'nothing';
    if (!(await method.apply(kept, algebra))) return 'the calibration data give no finite solution';
    return reason ? `${method.name}: ${reason}` : 'done';
  }
}

/** Items dealt out in turn. */
function dealt<T>(items: readonly T[], hands: number): T[][] {
  return Array.from({ length: hands }, (_, hand) => items.filter((_, at) => at % hands === hand));
}

function isHidden({ kind }: Group): boolean {
  return kind === 'ffn';
}

function isStream({ kind }: Group): boolean {
  return kind === 'residual';
}

function areFinite({ secondMoments, pairMoments, streamMoments, crossMoments }: GroupMoments): boolean {
  const lists = [
    secondMoments?.products,
    secondMoments?.sums,
    ...(pairMoments?.queries ?? []),
    ...(pairMoments?.keys ?? []),
    ...(streamMoments ?? []).flatMap(({ products, sums }) => [products, sums]),
    ...(crossMoments ?? []).map(({ products }) => products),
  ];
  return lists.every((list) => list === undefined || isFiniteList(list));
}

function isFiniteList(list: Float64Array): boolean {
  // Zero times what is no finite number is none; four at a time, for there are many.
  let sum = 0;
  const whole = list.length - (list.length % 4);
  for (let at = 0; at < whole; at += 4) sum += 0 * list[at] + 0 * list[at + 1] + 0 * list[at + 2] + 0 * list[at + 3];
  for (let at = whole; at < list.length; at++) sum += 0 * list[at];
  return sum === 0;
}

interface Found {
  method?: RecoveryMethod;
  reason?: string;
}

/** The best method that a kind of recovery has for a group, and what keeps it from a better one. */
async function methodFor(
  group: Group,
  moments: GroupMoments,
  kind: Exclude<RecoveryKind, 'none'>,
  { analysis, algebra, curves }: { analysis: Analysis; algebra: Algebra; curves: boolean },
): Promise<Found> {
  if (!areFinite(moments))
    return { reason: 'has statistics that are not finite: the data hold numbers that the model cannot take' };
  const { secondMoments, pairMoments, streamMoments } = moments;
  const full = kind === 'full';
  const candidates: (() => Promise<RecoveryMethod | string> | RecoveryMethod | string)[] = [];
  if (group.kind === 'query-key') {
    if (full)
      candidates.push(
        () => mixPairs(group, pairMoments, analysis),
        () => pickPairs(group, pairMoments),
      );
    if (kind === 'ridge') candidates.push(() => mixQueries(group, pairMoments, analysis));
  } else if (group.kind === 'residual') {
    if (full) candidates.push(() => rotateStream(group, streamMoments, analysis, algebra));
  } else {
    if (full && group.kind === 'value') candidates.push(() => mixValues(group, secondMoments, analysis));
    candidates.push(() =>
      refitReader(group, secondMoments, full ? 'surgeon' : kind, algebra, curves ? undefined : CHOOSING_RIDGE),
    );
  }
  let reason = candidates.length === 0 ? `has no ${kind} recovery for groups of kind ${group.kind}` : undefined;
  for (const candidate of candidates) {
    const method = await candidate();
    if (typeof method !== 'string') return { method, ...(reason && { reason }) };
    reason ??= method;
  }
  return { ...(reason && { reason }) };
}
