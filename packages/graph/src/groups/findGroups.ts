import { type FreezeReason, type LabelStore, Mark, type Role, type Slot } from '../labels/labelStore.js';
import { fieldsOn } from '../layout/layout.js';
import type { Contraction, Propagation } from '../walk/propagation.js';
import { kindOf, type LabelClass, labelClasses, type SlotPath } from './classes.js';
import { ClassIndex } from './classIndex.js';
import { labelsDifferAlong, shrinkingFactor } from './fields.js';
import type { FrozenGroup, Member, NeuronKind, Site } from './group.js';
import { divideIntoLanes, lanesOf, type RowConstraint, rowConstraints } from './lanes.js';
import { siteOf } from './sites.js';

/** A group before it has a place among the blocks and a name. */
export interface FoundGroup {
  kind: NeuronKind;
  units: number;
  laneOf: Int32Array;
  lanes: number;
  members: Member[];
  sites: Site[];
  labels: Int32Array;
}

/** Sorts the labels of a walk into groups that can be pruned and groups that cannot. */
export function findGroups(walk: Propagation): { groups: FoundGroup[]; frozen: FrozenGroup[] } {
  const store = walk.labels;
  freezeRigid(walk);
  freezeScattered(walk);
  // Attention operators see heads that no value of the graph shows.
  const fields = [
    ...[...walk.layouts.values()].flatMap((layout) => layout.fields),
    ...walk.contractions.map(({ field }) => field),
  ];
  const rootOf = (label: number) => store.find(label);
  const constraints = new ClassIndex(rowConstraints(fields, store), ({ rows }) => rows, rootOf);
  const contractions = new ClassIndex(walk.contractions, ({ field }) => [field.labels], rootOf);
  const groups: FoundGroup[] = [];
  const frozen: FrozenGroup[] = [];
  const all = similarClasses(store);
  const entangled = largest(all, store, contractions);
  for (const classes of all) {
    if (store.has(classes[0].root, Mark.head)) continue; // heads are found by themselves
    const reason = whyFrozen(classes[0], store) ?? (entangled.has(classes) ? ENTANGLED : undefined);
    const found = reason ? undefined : buildGroup(classes, walk, { constraints, contractions });
    if (found) groups.push(found);
    else frozen.push(describeFrozen(classes, store, reason ?? UNEVEN));
  }
  return { groups, frozen };
}

const UNEVEN: FreezeReason = {
  node: undefined,
  operator: undefined,
  reason: 'heads would keep different numbers of neurons',
};

/** Positions of all members and sites together, and more for every label: where every layer reads all layers before it, they are far more than the weights have. */
const MOST_POSITIONS = { whole: 2 ** 25, perLabel: 8 } as const;

const ENTANGLED: FreezeReason = {
  node: undefined,
  operator: undefined,
  reason: 'runs through more weights and products than are followed: the graph is too entangled',
};

/** The groups for which there is no room beside the smaller ones. */
function largest(
  all: readonly LabelClass[][],
  store: LabelStore,
  contractions: ClassIndex<Contraction>,
): ReadonlySet<LabelClass[]> {
  const free = all.filter(([first]) => !store.has(first.root, Mark.head) && !whyFrozen(first, store));
  const sized = free.map((classes) => ({ classes, size: positionsOf(classes, contractions) }));
  let room = MOST_POSITIONS.whole + MOST_POSITIONS.perLabel * store.size;
  const without = new Set<LabelClass[]>();
  for (const { classes, size } of sized.sort((a, b) => a.size - b.size)) {
    room -= size;
    if (room < 0) without.add(classes);
  }
  return without;
}

/** How many positions the members and sites of a group have. */
function positionsOf(classes: readonly LabelClass[], contractions: ClassIndex<Contraction>): number {
  const members = classes[0].path.slots.reduce((sum, { size }) => sum + size, 0);
  const sites = contractions.touching(classes.map(({ root }) => root));
  return sites.reduce((sum, { field }) => sum + field.labels.length, members);
}

/** Freezes labels whose factor must keep its size although it is the one that would shrink. */
function freezeRigid(walk: Propagation): void {
  for (const { field, factor, node, reason } of walk.rigid) {
    if (shrinkingFactor(field, walk.labels) === factor) walk.freeze(field, node, reason);
  }
}

/**
 * Freezes neurons that lie outside of the heads on one axis (neuron 0 of every head, then neuron 1 of every head, ...):
 * if every head keeps other neurons, what stays has no common order along that axis.
 */
function freezeScattered(walk: Propagation): void {
  for (const [value, layout] of walk.layouts) {
    for (const axis of layout.axes) {
      if (axis.length < 2) continue;
      for (const field of fieldsOn(layout, axis)) {
        const shrinking = shrinkingFactor(field, walk.labels);
        const inner = shrinking ? axis.slice(axis.indexOf(shrinking) + 1) : [];
        const scattered =
          shrinking &&
          axis.includes(shrinking) &&
          inner.some((factor) => labelsDifferAlong(field, factor, walk.labels));
        if (scattered && value.producer) walk.freeze(field, value.producer, 'orders neurons before heads');
      }
    }
  }
}

/** Classes with the same slots, kind and freeze reason: the units of one group. */
function similarClasses(store: LabelStore): LabelClass[][] {
  const all: LabelClass[][] = [];
  const byPath = new Map<SlotPath, LabelClass[][]>();
  let last: LabelClass[] | undefined;
  for (const unit of labelClasses(store)) {
    // Most are like the one before.
    if (!last || !areSimilar(last[0], unit, store)) {
      const known = byPath.get(unit.path) ?? [];
      byPath.set(unit.path, known);
      last = known.find(([first]) => areSimilar(first, unit, store));
      if (!last) {
        last = [];
        known.push(last);
        all.push(last);
      }
    }
    last.push(unit);
  }
  return all;
}

function areSimilar(a: LabelClass, b: LabelClass, store: LabelStore): boolean {
  if (a.size !== b.size || a.path !== b.path) return false;
  const [one, other] = [store.frozen(a.root), store.frozen(b.root)];
  return (
    kindOf(store, a.root) === kindOf(store, b.root) &&
    (one === other || (one?.node === other?.node && one?.reason === other?.reason))
  );
}

function whyFrozen(unit: LabelClass, store: LabelStore): FreezeReason | undefined {
  const frozen = store.frozen(unit.root);
  if (frozen) return frozen;
  const { slots } = unit.path;
  const roles = new Set(slots.flatMap((slot) => [...slot.roles]));
  const first = [...slots[0].readers][0];
  const reason = (text: string): FreezeReason => ({ node: first?.label, operator: first?.op, reason: text });
  if (!roles.has('output')) return reason('no weight writes these positions');
  const read = roles.has('input') || store.has(unit.root, Mark.contracted);
  if (!read) return reason('no weight reads these positions');
  return undefined;
}

function buildGroup(
  classes: readonly LabelClass[],
  walk: Propagation,
  { constraints, contractions }: { constraints: ClassIndex<RowConstraint>; contractions: ClassIndex<Contraction> },
): FoundGroup | undefined {
  const store = walk.labels;
  const unitOfRoot = new Map(classes.map((unit, number) => [unit.root, number]));
  const laneOf = divideIntoLanes(unitOfRoot, classes.length, constraints.touching(unitOfRoot.keys()), store);
  if (!laneOf) return undefined;
  const members = classes[0].path.slots.map((slot) => memberOf(slot, (label) => unitOfRoot.get(store.find(label))));
  const sites = contractions
    .touching(unitOfRoot.keys())
    .flatMap((contraction) => siteOf(contraction, walk, unitOfRoot) ?? []);
  return {
    kind: kindOf(store, classes[0].root),
    units: classes.length,
    laneOf,
    lanes: lanesOf(laneOf),
    members,
    sites,
    labels: Int32Array.from(classes, (unit) => unit.first),
  };
}

/** What a slot does for units. */
export function memberOf(slot: Slot, unitOf: (label: number) => number | undefined): Member {
  const role: Role = slot.roles.has('output') ? 'output' : slot.roles.has('input') ? 'input' : 'elementwise';
  const units = new Int32Array(slot.size);
  for (let i = 0; i < slot.size; i++) units[i] = unitOf(slot.first + i) ?? -1;
  return {
    initializer: slot.initializer,
    axis: slot.axis,
    role,
    unitOf: units,
    use: slot.use,
    readers: [...slot.readers],
  };
}

function describeFrozen(classes: readonly LabelClass[], store: LabelStore, reason: FreezeReason): FrozenGroup {
  // What no weight writes is no neuron of any kind.
  const written = classes[0].path.slots.some((slot) => slot.roles.has('output'));
  return {
    kind: written ? kindOf(store, classes[0].root) : undefined,
    units: classes.length,
    members: classes[0].path.slots.map(({ initializer, axis }) => ({ initializer, axis })),
    reason,
  };
}
