import { type Analysis, costOf, explain, type FrozenGroup, type Group, prepare } from '@snp/core';
import { type Cost, changedOnReading, costByPart, coverageOf, obstaclesOf, staysByNature } from '@snp/core/planning';
import { type FoundUnits, findUnits } from '@snp/core/plugin';
import { type MergedModel, mergedModel } from '@snp/core/stages';
import { Command } from 'commander';
import pc from 'picocolors';
import { followLinksOption, type ModelOptions, narrowCacheOption, openModel } from '../options/model.js';
import { addPluginOptions, type PluginOptions } from '../options/plugins.js';
import { dimOption } from '../options/target.js';
import { renderExplanation } from '../output/explanation.js';
import { count, percent } from '../output/format.js';
import { printJson } from '../output/json.js';
import { table } from '../output/table.js';
import { loadPlugins } from '../plugins/loadPlugins.js';

interface InspectOptions extends ModelOptions, PluginOptions {
  json?: boolean;
  all?: boolean;
  explain?: string;
  dim?: Record<string, number>;
  narrowCache?: boolean;
}

/** `snp inspect`: blocks, heads, widths, groups, shares of the cost, and what is frozen and why. */
export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('show what a model is made of and what can be pruned')
    .argument('<model>', 'ONNX file')
    .option('--all', 'list every group and everything that is frozen')
    .option('--explain <name>', 'how the units of a group travel, what runs through a node, why a weight is frozen')
    .addOption(dimOption())
    .addOption(narrowCacheOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout');
  return addPluginOptions(command).action(async (path: string, options: InspectOptions) => {
    const model = await openModel(path, options);
    const parts = mergedModel(model);
    const analysis = prepare(parts?.first ?? model, {
      allowNothing: true,
      narrowCache: options.narrowCache,
    });
    if (options.explain !== undefined) {
      const explanations = explain(analysis, options.explain);
      if (options.json) printJson(explanations);
      else process.stdout.write(explanations.map(renderExplanation).join('\n'));
      return;
    }
    const { plugins } = await loadPlugins(options.plugin);
    const found = await findUnits(analysis, plugins, options);
    const findings = {
      ...describe(path, analysis, found, options.dim),
      warnings: [...(parts ? [shownInPart(parts)] : []), ...changedOnReading(model)],
    };
    if (options.json) printJson(findings);
    else process.stdout.write(render(findings, analysis, options.all === true));
  });
}

const shownInPart = ({ choice }: MergedModel) =>
  `The file holds two models: what runs where '${choice}' is false is shown. The other is pruned in step with it.`;

type Findings = ReturnType<typeof describe>;

const shownOf = ({ macs, params }: Cost) => ({ macs, params });

function describe(
  path: string,
  analysis: Analysis,
  found: readonly FoundUnits[],
  dims: Readonly<Record<string, number>> | undefined,
) {
  const cost = costOf(analysis.model, { shapes: analysis.shapes, ...(dims && { dims }) });
  const parts = costByPart(analysis, { dims });
  const blocks = analysis.blocks.map((block, at) => {
    const width = (group: Group | undefined) => group && group.units / group.lanes;
    return {
      block: block.index,
      heads: block.heads,
      keyHeads: block.keyHeads,
      queryKey: width(block.queryKey) ?? null,
      value: width(block.value) ?? null,
      ffn: block.ffn.map((group) => group.units),
      ...shownOf(parts.blocks[at]),
    };
  });
  return {
    model: path,
    opset: analysis.model.opset,
    producer: `${analysis.model.producerName} ${analysis.model.producerVersion}`.trim(),
    nodes: analysis.model.graph.nodes.length,
    macs: cost.macs,
    params: cost.params,
    bytes: cost.bytes,
    assumedDims: cost.dims,
    prunable: coverageOf(analysis),
    obstacles: obstaclesOf(analysis),
    blocks,
    // What lies in front of the first block, such as an embedding, and behind the last, such as a head.
    outside: blocks.length > 0 ? { before: shownOf(parts.front), after: shownOf(parts.behind) } : null,
    groups: analysis.groups.map((group) => ({
      id: group.id,
      kind: group.kind,
      block: group.block ?? null,
      units: group.units,
      heads: group.lanes,
      members: group.members.map(({ initializer, axis, role }) => ({ initializer: initializer.name, axis, role })),
    })),
    found: found.flatMap(({ plugin, groups }) =>
      groups.map(({ id, kind, units, cuts }) => ({ id, kind, units, cuts, plugin: plugin.name })),
    ),
    frozen: analysis.frozen.map((part) => ({
      kind: part.kind ?? null,
      units: part.units,
      initializers: part.members.map(({ initializer, axis }) => ({ initializer: initializer.name, axis })),
      ...part.reason,
    })),
  };
}

function render(findings: Findings & { warnings: readonly string[] }, analysis: Analysis, all: boolean): string {
  const lines = [
    pc.bold(findings.model),
    `  opset ${findings.opset}${findings.producer ? `, written by ${findings.producer}` : ''}, ${findings.nodes} nodes`,
    `  ${count(findings.macs)}MACs, ${count(findings.params)} parameters, of which pruning gets at ${percent(findings.prunable.macs, 1)} and ${percent(findings.prunable.params, 1)}`,
  ];
  const assumed = Object.entries(findings.assumedDims).map(([name, size]) => `${name} = ${size}`);
  if (assumed.length > 0) lines.push(pc.dim(`  MACs counted with ${assumed.join(', ')}`));
  const residual = findings.groups.filter((group) => group.kind === 'residual');
  if (residual.length > 0) lines.push(`  residual width ${residual.map((group) => group.units).join(', ')}`);
  for (const message of [...findings.obstacles.map(({ message }) => message), ...findings.warnings])
    lines.push('', `  ${message}`);
  if (findings.blocks.length > 0) lines.push('', blockTable(findings, analysis));
  const others = findings.groups.filter((group) => all || (group.block === null && group.kind !== 'residual'));
  if (others.length > 0) lines.push('', groupTable(all ? 'group' : 'group outside of blocks', others));
  if (findings.found.length > 0) lines.push('', foundTable(findings));
  lines.push('', whatCan(findings), '', frozenText(analysis.frozen, all), '');
  return lines.join('\n');
}

/** Which ratios may be given, in one line. */
function whatCan({ groups }: Findings): string {
  const kinds = [...new Set(groups.map(({ kind }) => kind))];
  if (kinds.length === 0) return '  nothing can be pruned';
  return `  can be pruned: ${kinds.map((kind) => `--ratio ${kind}=R`).join(', ')}`;
}

function blockTable({ blocks, outside, macs, params }: Findings, { frozen }: Analysis): string {
  // What is not frozen stands among the groups outside of blocks, or is not there.
  const absent = (kind: Group['kind']) =>
    frozen.some((part) => part.kind === kind && !staysByNature(part)) ? 'frozen' : '-';
  const costs = (own: { macs: number; params: number }) => [
    count(own.macs),
    percent(own.macs, macs),
    percent(own.params, params),
  ];
  const rest = (name: string, own: { macs: number; params: number }) =>
    own.macs + own.params > 0 ? [[name, '', '', '', '', ...costs(own)]] : [];
  const rows = blocks.map((block) => [
    block.block,
    block.keyHeads === block.heads ? block.heads : `${block.heads} / ${block.keyHeads}`,
    block.queryKey ?? absent('query-key'),
    block.value ?? absent('value'),
    block.ffn.length > 0 ? block.ffn.join(' + ') : absent('ffn'),
    ...costs(block),
  ]);
  const shared = blocks.some(({ heads, keyHeads }) => keyHeads !== heads);
  const { before, after } = outside!;
  return table(
    ['block', shared ? 'heads / of keys' : 'heads', 'query/key', 'value', 'FFN', 'MACs', 'of MACs', 'of params'],
    [...rest('in front', before), ...rows, ...rest('behind', after)],
  );
}

function groupTable(title: string, groups: Findings['groups']): string {
  const rows = groups.map((group) => [
    group.id,
    group.units,
    group.heads,
    group.members.length,
    group.members[0].initializer,
  ]);
  return table([title, 'units', 'heads', 'members', 'first member'], rows, [0, 4]);
}

function foundTable({ found }: Findings): string {
  const rows = found.map(({ id, kind, units, plugin, cuts }) => [id, kind, units, plugin, JSON.stringify(cuts[0])]);
  return table(['found by plug-ins', 'kind', 'units', 'plug-in', 'first unit'], rows, [0, 1, 3, 4]);
}

/** Frozen parts by size and reason; axes that nothing prunes (kernels, positions, the model's own inputs and outputs) on request. */
function frozenText(frozen: readonly FrozenGroup[], all: boolean): string {
  const weight = ({ members }: FrozenGroup) =>
    members.reduce((sum, { initializer }) => sum + initializer.tensor!.size, 0);
  const shown = frozen.filter((part) => all || !staysByNature(part)).sort((a, b) => weight(b) - weight(a));
  const hidden = frozen.length - shown.length;
  const rows = all ? shown.map((part) => frozenRow([part])) : alike(shown).map(frozenRow);
  const note =
    hidden > 0 ? pc.dim(`${hidden} axes stay by nature (inputs, outputs, positions, kernels); --all lists them`) : '';
  if (rows.length === 0) return note;
  return [table(['frozen', 'first weight', 'why'], rows, [0, 1, 2]), note].filter(Boolean).join('\n');
}

function frozenRow([part, ...others]: readonly FrozenGroup[]): string[] {
  const times = others.length > 0 ? ` (${others.length + 1} times)` : '';
  const first = others.length > 0 ? 'first ' : '';
  return [
    `${part.kind ?? ''} ${part.units}`.trim() + times,
    `${part.members[0].initializer.name} (axis ${part.members[0].axis})`,
    `${part.reason.node ? `${first}${part.reason.node}: ` : ''}${part.reason.reason}`,
  ];
}

/** Parts of one kind and width that are frozen for the same reason, wherever. */
function alike(parts: readonly FrozenGroup[]): FrozenGroup[][] {
  const found = new Map<string, FrozenGroup[]>();
  for (const part of parts) {
    const key = `${part.kind} ${part.units} ${part.reason.reason}`;
    found.set(key, [...(found.get(key) ?? []), part]);
  }
  return [...found.values()];
}
