import { type Dim, type Node, SnpError, type Value } from '@snp/onnx';
import type { Analysis } from '../analyze.js';
import type { FrozenGroup, Group, NeuronGroup, WholeGroup } from '../groups/group.js';
import type { HeadSet } from '../groups/heads.js';
import type { FreezeReason } from '../labels/labelStore.js';
import type { Layout } from '../layout/layout.js';
import { ruleFor } from '../rules/index.js';

/** What runs along axes of a value: units of a group, or positions that must stay. */
export interface Run {
  /** Axes of the value; several where heads and neurons lie apart. */
  axes: number[];
  /** Id of the group, or undefined for what is frozen. */
  group: string | undefined;
  /** Why it is frozen. */
  reason: FreezeReason | undefined;
}

/** A value on the way of units, with what runs along its axes. */
export interface ExplainedValue {
  name: string;
  /** Sizes, symbolic ones as the model names them; undefined if not known. */
  shape: readonly Dim[] | undefined;
  constant: boolean;
  runs: Run[];
}

/** One node on the way of units. */
export interface Step {
  node: string;
  operator: string;
  /** How the operator's rule moves positions. */
  rule: string;
  /** Axes of its first output along which the units run; empty where they end. */
  axes: number[];
}

/** Why the parts of a model are coupled as they are, or frozen. */
export type Explanation =
  | {
      about: 'group' | 'frozen';
      name: string;
      kind: string;
      units: number;
      heads: number;
      reason: FreezeReason | undefined;
      members: { initializer: string; axis: number; role: string; readers: string[] }[];
      /** Nodes that units pass or end at, in graph order. */
      path: Step[];
    }
  | {
      about: 'node';
      name: string;
      operator: string;
      rule: string;
      inputs: ExplainedValue[];
      outputs: ExplainedValue[];
    };

/**
 * Explains a group by its id, a node by its name, or a weight by its name: the way on which its units travel, what must leave together with them, and for what
 * is frozen the operator and the reason.
 *
 * @throws SnpError `invalid-argument` if there is nothing of that name.
 * @example
 * explain(analyze(model), 'blocks.0.value');
 */
export function explain(analysis: Analysis, name: string): Explanation[] {
  const group = analysis.groups.find(({ id }) => id === name);
  if (group) return [explainGroup(analysis, group)];
  const node = analysis.model.graph.nodes.find((candidate) => candidate.label === name || candidate.name === name);
  if (node) return [explainNode(analysis, node)];
  const holds = ({ members }: Group | FrozenGroup) => members.some(({ initializer }) => initializer.name === name);
  const found = [
    ...analysis.groups.filter(holds).map((own) => explainGroup(analysis, own)),
    ...analysis.frozen.filter(holds).map((own) => explainFrozen(analysis, own, name)),
  ];
  if (found.length > 0) return found;
  throw new SnpError(
    'invalid-argument',
    `There is no group, node or weight '${name}'. Groups are: ${analysis.groups.map(({ id }) => id).join(', ') || 'none'}. 'snp inspect --all' lists all names.`,
  );
}

function explainGroup(analysis: Analysis, group: Group): Explanation {
  const { id: name, kind, units, lanes: heads } = group;
  const members = group.members.map(({ initializer, axis, role, readers }) => ({
    initializer: initializer.name,
    axis,
    role,
    readers: readers.map(({ label }) => label),
  }));
  const path = pathOf(analysis, rootsOf(analysis, labelsOf(group)));
  return { about: 'group', name, kind, units, heads, reason: undefined, members, path };
}

/** One label of every unit; branches have none of their own. */
function labelsOf(group: NeuronGroup | HeadSet | WholeGroup): Int32Array {
  if ('labels' in group) return group.labels;
  return 'labelsOf' in group ? Int32Array.from(group.labelsOf, ([label]) => label) : new Int32Array();
}

function explainFrozen(analysis: Analysis, { kind, units, members, reason }: FrozenGroup, name: string): Explanation {
  const { labels } = analysis.walk;
  const slots = labels.slots.filter((slot) =>
    members.some(({ initializer, axis }) => slot.initializer === initializer && slot.axis === axis),
  );
  const roots = new Set(slots.map((slot) => labels.find(slot.first)));
  return {
    about: 'frozen',
    name,
    kind: kind ?? 'no neurons',
    units,
    heads: 1,
    reason,
    members: slots.map(({ initializer, axis, roles, readers }) => ({
      initializer: initializer.name,
      axis,
      role: [...roles].join(', '),
      readers: [...readers].map(({ label }) => label),
    })),
    path: pathOf(analysis, roots),
  };
}

function rootsOf({ walk }: Analysis, labels: Int32Array): Set<number> {
  return new Set([...labels].map((label) => walk.labels.find(label)));
}

/** Nodes with an input or output whose labels are among `roots`. */
function pathOf(analysis: Analysis, roots: ReadonlySet<number>): Step[] {
  const { walk, model } = analysis;
  const axesOf = (layout: Layout | undefined) => {
    const own = (layout?.fields ?? []).filter(({ labels }) =>
      labels.some((label) => roots.has(walk.labels.find(label))),
    );
    return (layout?.axes ?? []).flatMap((axis, at) =>
      axis.some((factor) => own.some(({ factors }) => factors.includes(factor))) ? [at] : [],
    );
  };
  return model.graph.nodes.flatMap((node): Step[] => {
    const first = node.outputs.find((value) => value && axesOf(walk.layouts.get(value)).length > 0);
    const touched =
      first !== undefined || node.inputs.some((_, index) => axesOf(analysis.walk.layoutAt(node, index)).length > 0);
    if (!touched) return [];
    const axes = first ? axesOf(walk.layouts.get(first)) : [];
    return [{ node: node.label, operator: node.op, rule: summaryOf(node), axes }];
  });
}

function summaryOf(node: Node): string {
  return ruleFor(node.op)?.summary ?? 'no rule: what touches it is frozen';
}

function explainNode(analysis: Analysis, node: Node): Explanation {
  const { walk } = analysis;
  const owners = new Map(
    analysis.groups.flatMap(({ id, labels }) => [...labels].map((label) => [walk.labels.find(label), id] as const)),
  );
  const describe = (value: Value | undefined, layout: Layout | undefined): ExplainedValue[] =>
    value
      ? [
          {
            name: value.name,
            shape: value.tensor?.dims ?? analysis.shapes.shape(value),
            constant: value.tensor !== undefined,
            runs: runsOf(analysis, layout, owners),
          },
        ]
      : [];
  return {
    about: 'node',
    name: node.label,
    operator: node.op,
    rule: summaryOf(node),
    inputs: node.inputs.flatMap((value, index) => describe(value, analysis.walk.layoutAt(node, index))),
    outputs: node.outputs.flatMap((value) => describe(value, value && walk.layouts.get(value))),
  };
}

function runsOf({ walk }: Analysis, layout: Layout | undefined, owners: ReadonlyMap<number, string>): Run[] {
  const runs = new Map<string, Run>();
  for (const { factors, labels } of layout?.fields ?? []) {
    const axes = layout!.axes.flatMap((axis, at) => (axis.some((factor) => factors.includes(factor)) ? [at] : []));
    for (const label of labels) {
      const group = owners.get(walk.labels.find(label));
      const reason = group === undefined ? walk.labels.frozen(label) : undefined;
      const key = `${axes}|${group}|${reason?.node}|${reason?.reason}`;
      if (!runs.has(key)) runs.set(key, { axes, group, reason });
    }
  }
  return [...runs.values()];
}
