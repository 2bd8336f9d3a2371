import { type Analysis, unitGroups } from '@snp/graph';
import { cloneModel, type Model, SnpError, type Value } from '@snp/onnx';
import { writeModel } from '@snp/onnx/node';
import { emptyPlan, type GroupPlan, type Plan, removedUnits } from '../plan/plan.js';
import { applyPlan } from '../surgery/applyPlan.js';
import { Proof, type ProofOptions, type Verification } from '../verify/proof.js';
import { restoredModel } from '../verify/restoredModel.js';
import { VERIFY_DEFAULTS } from '../verify/verify.js';
import { type GroupMatch, matchGroup } from './matchGroups.js';
import { equal, matchWeights } from './matchWeights.js';

/** Batches to prove a companion on. */
const PROOF_SAMPLES = 2;

/** A model that shares weights with the one that is pruned. */
export interface Companion {
  /** For messages. */
  name: string;
  analysis: Analysis;
  /** Its weights that are shared, each with that of the pruned model's original. */
  weights: ReadonlyMap<Value, Value>;
  /** Weights of the pruned model's original of which it cannot be told which of its weights they are. */
  unclear: ReadonlySet<Value>;
  /** Its groups, by the ids of those of the pruned model. */
  groups: ReadonlyMap<string, GroupMatch>;
  /** What is in the way in the companion where groups of the pruned model cannot lose units in both, by their ids. */
  whole: ReadonlyMap<string, string>;
  /** What its pruned form has to answer, on random inputs; undefined where nothing is to be proven. */
  proof: Proof | undefined;
}

/** A model that was pruned in step with another. */
export interface PrunedCompanion {
  /** Its file, or the name of its graph. */
  name: string;
  model: Model;
  plan: Plan;
  /** The original as it was analysed. */
  analysis: Analysis;
  /** Undefined where no proof was asked for. */
  verification: Verification | undefined;
  /** Writes the model; an existing file is only replaced when the new one is complete. */
  write(path: string): Promise<void>;
}

/** What a companion follows: the pruned model, its plan, and the analysis of its original. */
interface Leader {
  analysis: Analysis;
  model: Model;
  plan: Plan;
}

/**
 * Opens a model that is to be pruned in step with another.
 *
 * @param proving Where it runs; undefined where nothing is to be proven.
 * @throws SnpError `invalid-argument` if the two share no weights that neurons run along.
 */
export async function openCompanion(
  { source, analysis }: { source: string | Model; analysis: Analysis },
  leader: Analysis,
  proving: Pick<ProofOptions, 'runtime' | 'dims' | 'signal'> | undefined,
): Promise<Companion> {
  const { matched: weights, unclear } = matchWeights(leader.model, analysis.model);
  const name = typeof source === 'string' ? source : source.graph.name;
  const groups = new Map<string, GroupMatch>();
  const whole = new Map<string, string>();
  for (const group of leader.groups) {
    const match = matchGroup(group, analysis, weights);
    if (typeof match === 'string') whole.set(group.id, match);
    else if (match) groups.set(group.id, match);
  }
  if (groups.size === 0) {
    const [[id, why] = []] = whole;
    const example = id === undefined ? '' : ` (of '${id}', ${why})`;
    throw new SnpError(
      'invalid-argument',
      `${name} shares no weights with the model along which both could lose neurons${example}. Prune it by itself.`,
      { file: name },
    );
  }
  const asked = { ...proving!, original: source, limit: PROOF_SAMPLES, seed: VERIFY_DEFAULTS.seed };
  const proof = proving && (await Proof.prepare(analysis, asked));
  return { name, analysis, weights, unclear, groups, whole, proof };
}

/**
 * Prunes a companion as the model was pruned: the same units leave, and the weights that stay are those of the pruned model.
 *
 * @throws SnpError `not-prunable` if the result is not what the masked original is, or a weight was rewritten of which it cannot be told which one it is here.
 */
export async function pruneCompanion(companion: Companion, leader: Leader): Promise<PrunedCompanion> {
  const { name, analysis, proof } = companion;
  const plan = companionPlan(companion, leader);
  const shared = leader.plan.compensation ? sharing(companion, leader) : analysis.model;
  const model = applyPlan(analysis, plan, shared);
  const verification = await proof?.check(plan, model);
  if (verification && !verification.passed)
    throw new SnpError(
      'not-prunable',
      `Nothing was written: ${name}, pruned in step, is not what it should be (${verification.reason}). Prune the models one by one.`,
      { file: name },
    );
  return { name, model, plan, analysis, verification, write: (path) => writeModel(model, path) };
}

/**
 * Units beyond neurons leave one model at a time: companions are matched by the weights that neurons run along.
 *
 * @throws SnpError `invalid-argument` for a plan that takes heads or branches.
 */
export function requireNeurons(plan: Plan, { heads, branches }: Analysis): void {
  const whole = [...heads, ...branches].find((group) => removedUnits(plan, group).length > 0);
  if (whole)
    throw new SnpError(
      'invalid-argument',
      `The plan takes '${whole.id}' away: heads and branches leave one model at a time. Apply it without companions.`,
      { group: whole.id },
    );
}

/** Which units leave a companion by the plan of the model that it follows. */
export function companionPlan(
  { analysis, groups: matches }: Companion,
  leader: Pick<Leader, 'analysis' | 'plan'>,
): Plan {
  const groups: Record<string, GroupPlan> = {};
  for (const { id } of unitGroups(leader.analysis)) {
    const [entry, match] = [leader.plan.groups[id], matches.get(id)];
    if (!entry || !match) continue;
    const { group, unitOf } = match;
    const keep = entry.keep.map((unit) => unitOf[unit]).sort((a, b) => a - b);
    groups[group.id] = { units: group.units, lanes: group.lanes, keep };
  }
  const { compensation } = leader.plan;
  return { ...emptyPlan(analysis), groups, ...(compensation && { compensation }) };
}

/** A copy with the pruned model's weights where they are shared, at the places they were cut from. */
function sharing({ name, analysis, weights, unclear }: Companion, leader: Leader): Model {
  const restored = restoredModel(leader.analysis, leader.model, leader.plan).graph;
  const rewritten = [...unclear].find((own) => !equal(own.tensor!, restored.value(own.name).tensor!));
  if (rewritten)
    throw new SnpError(
      'not-prunable',
      `Nothing was written: '${rewritten.name}' was rewritten, and several weights of ${name} hold what it held, so that it cannot be told which of them it is. Export both models so that their weights have the same names, or cut alone (--compensation none).`,
      { file: name },
    );
  const copy = cloneModel(analysis.model);
  for (const [{ name }, own] of weights) copy.graph.value(name).tensor = restored.value(own.name).tensor;
  return copy;
}
