import type { Explanation } from '@snp/core';
import { formatDim } from '@snp/onnx';
import pc from 'picocolors';
import { table } from './table.js';

type GroupExplanation = Extract<Explanation, { path: unknown }>;
type NodeExplanation = Extract<Explanation, { inputs: unknown }>;

/** What `explain` found, as text. */
export function renderExplanation(explanation: Explanation): string {
  return explanation.about === 'node' ? renderNode(explanation) : renderGroup(explanation);
}

function renderGroup({ name, about, kind, units, heads, reason, members, path }: GroupExplanation): string {
  const what = about === 'group' ? `group of kind ${kind}` : `frozen (${kind})`;
  const lines = [`${pc.bold(name)}  ${what}, ${units} units${heads > 1 ? ` in ${heads} heads` : ''}`];
  if (reason) lines.push(`  frozen because ${reason.node ? `${reason.node} ` : ''}${reason.reason}`);
  const weights = members.map(({ initializer, axis, role, readers }) => [initializer, axis, role, readers.join(', ')]);
  lines.push('', table(['weight', 'axis', 'role', 'read by'], weights, [0, 2, 3]));
  const steps = path.map(({ node, operator, axes, rule }) => [node, operator, axes.join(', ') || 'end', rule]);
  lines.push('', table(['way of the units', 'operator', 'axes', 'rule'], steps, [0, 1, 2, 3]), '');
  return lines.join('\n');
}

function renderNode({ name, operator, rule, inputs, outputs }: NodeExplanation): string {
  const row = (side: string) => (value: NodeExplanation['inputs'][number]) => [
    side,
    `${value.name}${value.constant ? ' (constant)' : ''}`,
    value.shape ? `[${value.shape.map(formatDim).join(', ')}]` : 'unknown',
    value.runs.map(({ axes, group, reason }) => `axis ${axes.join(', ')}: ${group ?? whyFrozen(reason)}`).join('\n') ||
      '-',
  ];
  const rows = [...inputs.map(row('input')), ...outputs.map(row('output'))];
  return [
    `${pc.bold(name)}  ${operator}: ${rule}`,
    '',
    table(['', 'value', 'shape', 'what runs along it'], rows, [0, 1, 2, 3]),
    '',
  ].join('\n');
}

function whyFrozen(reason: NodeExplanation['inputs'][number]['runs'][number]['reason']): string {
  if (!reason) return 'positions that no weight writes or reads';
  return `frozen, ${reason.node ? `${reason.node} ` : ''}${reason.reason}`;
}
