import type { Analysis } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { described } from '../options/checkShape.js';
import { brokenContract, callForeign, callLimits, type ForeignCall } from './foreignCalls.js';
import type { Plugin } from './plugin.js';
import { type Cut, type Cuttable, cuttableIn, UNIT_KINDS, type UnitGroup, wrongCut } from './unitGroup.js';

/** What one plug-in found. */
export interface FoundUnits {
  readonly plugin: Plugin;
  readonly groups: readonly UnitGroup[];
}

/** Options of `findUnits`, as for `prune`. */
export interface FindUnitsOptions {
  pluginTimeout?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Asks every plug-in for its units and checks what it answers, as `prune` does: for authors of plug-ins, and to show what there is.
 *
 * @example
 * const [{ groups }] = await findUnits(prepare(model), [{ name: 'mine', find: () => [] }]);
 * console.log(groups.length);
 * @throws SnpError `plugin` with the plug-in's name and what is wrong: it failed, a kind or a cut is unknown, an id is taken.
 */
export async function findUnits(
  analysis: Analysis,
  plugins: readonly Plugin[],
  options: FindUnitsOptions = {},
): Promise<FoundUnits[]> {
  const limits = callLimits(options);
  const cuttable = cuttableIn(analysis);
  const taken = new Map(analysis.groups.map(({ id }) => [id, 'the model']));
  const found: FoundUnits[] = [];
  for (const plugin of plugins) {
    const call = { who: `Plug-in '${plugin.name}'`, what: 'find' };
    const groups = await callForeign(call, limits, () => plugin.find(analysis));
    if (!Array.isArray(groups))
      throw brokenContract(call, `returned ${described(groups)}`, 'It must return a list of groups.');
    for (const group of groups) {
      checkGroup(group, call, cuttable);
      const owner = taken.get(group.id);
      if (owner) throw brokenContract(call, `returned a group '${group.id}'`, `This id is taken by ${owner}.`);
      taken.set(group.id, `plug-in '${plugin.name}'`);
    }
    checkRatios(plugin, groups);
    found.push({ plugin, groups });
  }
  return found;
}

/** What the engine and criteria rely on. */
function checkGroup(group: UnitGroup, call: ForeignCall, cuttable: Cuttable): void {
  if (typeof group?.id !== 'string')
    throw brokenContract(call, `returned ${described(group)} as a group`, 'Groups have an id.');
  const fail = (problem: string): never => {
    throw brokenContract(call, `returned a group '${group.id}' ${problem}`);
  };
  if (!(UNIT_KINDS as readonly string[]).includes(group.kind))
    fail(`of the unknown kind ${described(group.kind)} (kinds are ${UNIT_KINDS.join(', ')})`);
  const { units, lanes, laneOf, cuts } = group;
  if (!Number.isInteger(units) || units < 1) fail(`with ${described(units)} units`);
  if (!Number.isInteger(lanes) || lanes < 1 || units % lanes !== 0)
    fail(`with ${described(lanes)} lanes for ${units} units`);
  if (!(laneOf instanceof Int32Array) || laneOf.length !== units)
    fail(`whose laneOf is no Int32Array of ${units} lanes`);
  for (const field of ['members', 'sites'] as const)
    if (!Array.isArray(group[field])) fail(`without a list of ${field}`);
  if (!Array.isArray(cuts) || cuts.length !== units) fail(`whose cuts are not ${units} lists, one per unit`);
  for (const [unit, own] of cuts.entries()) {
    if (!Array.isArray(own) || own.length === 0) fail(`with nothing to cut for unit ${unit}`);
    const wrong = (own as Cut[]).map((cut) => wrongCut(cut, cuttable)).find((problem) => problem !== undefined);
    if (wrong !== undefined) fail(`with a wrong cut for unit ${unit}: ${wrong}`);
  }
}

/** Ratios name kinds, or groups that were found. */
function checkRatios({ name, ratios = {} }: Plugin, groups: readonly UnitGroup[]): void {
  const ids = groups.map(({ id }) => id);
  const unknown = Object.keys(ratios).find(
    (key) => !ids.includes(key) && !(UNIT_KINDS as readonly string[]).includes(key),
  );
  if (unknown === undefined) return;
  throw new SnpError(
    'plugin',
    `Plug-in '${name}' has a ratio for '${unknown}', which is no kind of unit and no group that it found. Kinds are ${UNIT_KINDS.join(', ')}; its groups are ${ids.join(', ') || 'none'}.`,
  );
}
