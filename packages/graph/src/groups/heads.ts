import type { Value } from '@snp/onnx';
import { type FreezeReason, Mark, type Slot } from '../labels/labelStore.js';
import type { Factor } from '../layout/factor.js';
import { type Field, strideOf } from '../layout/layout.js';
import type { Propagation, RigidFactor } from '../walk/propagation.js';
import { ClassIndex } from './classIndex.js';
import { memberOf } from './findGroups.js';
import { type Block, type NeuronGroup, unitsByLane, type WholeGroup } from './group.js';

/**
 * The heads of one attention, as a group whose units leave whole. Members are the weights in which every head has its slices: projections of queries,
 * keys and values and the one behind, tables of relative positions. Where keys serve several queries, a key with its queries is one unit.
 */
export interface HeadSet extends WholeGroup {
  readonly kind: 'head';
  /** Groups of neurons whose lanes are the heads, with the units of every head. Neurons that run through all heads (rotary embedding) are in none. */
  readonly parts: readonly HeadPart[];
  /** The attention map and its axis of heads (perhaps windows or batch x heads; of heads with several queries each, heads outside); undefined inside of fused operators. */
  readonly map: { readonly value: Value; readonly axis: number; readonly rank: number } | undefined;
  /** All labels that leave with each head. */
  readonly labelsOf: readonly Int32Array[];
  /** Why no head may leave; undefined where they may. */
  readonly frozen: FreezeReason | undefined;
}

/** The neurons of one group by heads. */
export interface HeadPart {
  readonly group: NeuronGroup;
  /** Units of each head. */
  readonly units: readonly (readonly number[])[];
}

/** Heads before they have a place among the blocks and a name. */
export type FoundHeads = Pick<HeadSet, 'members' | 'map' | 'labelsOf' | 'frozen'>;

/** Finds what leaves with each head of each attention. To be called before single neurons are frozen for reasons that do not concern whole heads. */
export function findHeads(walk: Propagation): FoundHeads[] {
  const { labels } = walk;
  joinShared(walk);
  const fields = distinctHeads(walk);
  if (fields.length === 0) return [];
  const labelsOf = ({ first, size }: Slot) => [Array.from({ length: size }, (_, at) => first + at)];
  const twinOf = (label: number) => labels.twin(label);
  const slots = new ClassIndex(labels.slots, labelsOf, twinOf);
  const rigid = new ClassIndex(walk.rigid, ({ field }) => [field.labels], twinOf);
  const maps = attentionMaps(walk);
  return fields.flatMap((field): FoundHeads[] => {
    const neurons = [...field.labels].map((label) => labels.held(label));
    if (!neurons[0].some((label) => labels.has(label, Mark.mixed))) return [];
    const own = [...field.labels].map((label, head) => Int32Array.from([label, ...neurons[head]]));
    const headOf = new Map<number, number>();
    let shared = false;
    for (const [head, list] of own.entries()) {
      for (const label of list) {
        const known = headOf.get(labels.twin(label));
        if (known !== undefined && known !== head) shared = true;
        headOf.set(labels.twin(label), head);
      }
    }
    const members = slots
      .touching(headOf.keys())
      .map((slot) => memberOf(slot, (label) => headOf.get(labels.twin(label))));
    const frozen = shared
      ? { node: undefined, operator: undefined, reason: 'shares neurons between heads' }
      : (own.flatMap((list) => [...list].flatMap((label) => labels.frozen(label) ?? []))[0] ??
        whyRigid(walk, rigid, headOf));
    return [{ members, map: maps.get(labels.find(field.labels[0])), labelsOf: own, frozen }];
  });
}

/** By classes of heads, the first value with labels of theirs that a product applies to values. */
function attentionMaps({ mixers, layouts, labels }: Propagation): ReadonlyMap<number, HeadSet['map']> {
  const maps = new Map<number, HeadSet['map']>();
  for (const value of new Set(mixers.flatMap(({ inputs }) => inputs))) {
    const layout = value && !value.tensor ? layouts.get(value) : undefined;
    if (!value || !layout) continue;
    const own = new Map<number, Field>();
    for (const field of layout.fields) {
      const root = labels.find(field.labels[0]);
      if (!own.has(root)) own.set(root, field);
    }
    for (const [root, { factors }] of own) {
      const axis = layout.axes.findIndex((candidates) => candidates.includes(factors[0]));
      if (axis >= 0 && !maps.has(root)) maps.set(root, { value, axis, rank: layout.axes.length });
    }
  }
  return maps;
}

/** Heads of several attentions with the same weights leave together. */
function joinShared({ heads, labels }: Propagation): void {
  const owner = new Map<number, number>();
  const seen = new Set<number>();
  for (const head of heads.flatMap((field) => [...field.labels])) {
    if (seen.has(labels.find(head))) continue;
    seen.add(labels.find(head));
    for (const neuron of labels.held(head)) {
      const other = owner.get(labels.twin(neuron));
      if (other === undefined) owner.set(labels.twin(neuron), head);
      else labels.union(other, head);
    }
  }
}

/** One field for each set of heads: several products leave the same ones. A field in which several places are one head tells nothing. */
function distinctHeads({ heads, labels }: Propagation): Field[] {
  const seen = new Set<number>();
  return heads.filter(({ labels: own }) => {
    const roots = [...own].map((label) => labels.find(label));
    if (new Set(roots).size < roots.length || roots.some((root) => seen.has(root))) return false;
    for (const root of roots) seen.add(root);
    return true;
  });
}

/** Something on the way that needs all heads. */
function whyRigid(
  { labels }: Propagation,
  rigid: ClassIndex<RigidFactor>,
  headOf: ReadonlyMap<number, number>,
): FreezeReason | undefined {
  const found = rigid.touching(headOf.keys()).find(({ field, factor, countsHeads }) => {
    if (countsHeads === true || (countsHeads && sameHeads(field, countsHeads, factor, labels, headOf))) return false;
    const inner = strideOf(field.factors, factor);
    return field.labels.some((label, at) => {
      const position = Math.floor(at / inner) % (factor.size as number);
      const head = headOf.get(labels.twin(label));
      return (
        position > 0 && head !== undefined && head !== headOf.get(labels.twin(field.labels[at - position * inner]))
      );
    });
  });
  return found && { node: found.node.label, operator: found.node.op, reason: found.reason };
}

/** True if the positions of a factor are those of the same heads, one each, in two fields. */
function sameHeads(
  a: Field,
  b: Field,
  factor: Factor,
  labels: Propagation['labels'],
  headOf: ReadonlyMap<number, number>,
): boolean {
  const [left, right] = [a, b].map((field) => {
    const inner = strideOf(field.factors, factor);
    const heads: Set<number | undefined>[] = Array.from({ length: factor.size as number }, () => new Set());
    for (const [at, label] of field.labels.entries())
      heads[Math.floor(at / inner) % heads.length].add(headOf.get(labels.twin(label)));
    return heads;
  });
  return left.every((heads, at) => {
    const [head] = heads;
    return head !== undefined && heads.size === 1 && right[at].size === 1 && right[at].has(head);
  });
}

/** Gives heads their places and names, and says which groups they are made of. */
export function nameHeads(
  found: readonly FoundHeads[],
  { labels }: Propagation,
  groups: readonly NeuronGroup[],
  blocks: readonly Block[],
): HeadSet[] {
  const unitOf = new Map<number, { group: NeuronGroup; unit: number }>();
  for (const group of groups)
    for (const [unit, label] of group.labels.entries()) unitOf.set(labels.find(label), { group, unit });
  const names = new Map<string, number>();
  return found.map((heads) => {
    const parts = partsOf(heads, (label) => unitOf.get(labels.find(label)));
    const readers = new Set(heads.members.flatMap((member) => member.readers));
    const block =
      parts.find(({ group }) => group.block !== undefined)?.group.block ??
      blocks.find(({ attention }) => readers.has(attention))?.index;
    const name = block === undefined ? 'heads' : `blocks.${block}.heads`;
    const number = names.get(name) ?? 0;
    names.set(name, number + 1);
    const units = heads.labelsOf.length;
    return {
      ...heads,
      id: number === 0 ? name : `${name}.${number}`,
      kind: 'head' as const,
      block,
      units,
      laneOf: new Int32Array(units),
      lanes: 1,
      sites: [],
      parts,
    };
  });
}

function partsOf(
  { labelsOf: heads }: FoundHeads,
  unitOf: (label: number) => { group: NeuronGroup; unit: number } | undefined,
): HeadPart[] {
  const parts = new Map<NeuronGroup, Set<number>[]>();
  for (const [head, labels] of heads.entries()) {
    for (const label of labels) {
      const own = unitOf(label);
      if (!own) continue;
      const units = parts.get(own.group) ?? heads.map(() => new Set<number>());
      parts.set(own.group, units);
      units[head].add(own.unit);
    }
  }
  return [...parts]
    .map(([group, units]) => ({ group, units: units.map((own) => [...own].sort((a, b) => a - b)) }))
    .filter(isDivision);
}

/** True if every lane of the group belongs to one head, and to each head equally many. */
function isDivision({ group, units }: HeadPart): boolean {
  const headOf = new Map(units.flatMap((own, head) => own.map((unit) => [unit, head] as const)));
  if (headOf.size !== group.units || units.some(({ length }) => length * units.length !== group.units)) return false;
  return unitsByLane(group).every((lane) => lane.every((unit) => headOf.get(unit) === headOf.get(lane[0])));
}
