import { type Criterion, criterionNames, type Plugin, SnpError } from '@snp/core';
import { defineCriterion, definePlugin } from '@snp/core/plugin';
import { blockPruning } from '@snp/plugin-block';
import { headPruning } from '@snp/plugin-head';
import { importModule } from './importModule.js';

/** Criteria and plug-ins of a run that are not built in. */
export interface Loaded {
  readonly criteria: readonly Criterion[];
  readonly plugins: readonly Plugin[];
}

/** A file or package, or the thing itself. */
export type PluginSource = string | object;

/** Plug-ins that come with the command, by the names that stand for them. */
const BUILT_IN: Readonly<Record<string, () => Plugin>> = {
  head: () => headPruning(),
  block: () => blockPruning(),
  'whole-block': () => blockPruning({ units: 'blocks' }),
};

/**
 * Loads criteria and plug-ins: the default export of a file or package is one of them, or a list.
 *
 * @throws SnpError `plugin` with the source and what is wrong with it.
 */
export async function loadPlugins(sources: readonly PluginSource[] = []): Promise<Loaded> {
  const criteria: Criterion[] = [];
  const plugins: Plugin[] = [];
  for (const source of new Set(sources)) {
    const value = typeof source === 'string' ? await (BUILT_IN[source]?.() ?? importModule(source)) : source;
    const from = typeof source === 'string' ? source : undefined;
    for (const one of Array.isArray(value) ? value : [value]) {
      const checked = checkedFrom(one, from);
      if ('score' in checked) add(criteria, checked, 'criteria');
      else add(plugins, checked, 'plug-ins');
    }
  }
  return { criteria, plugins };
}

function checkedFrom(value: unknown, from: string | undefined): Criterion | Plugin {
  const fields = typeof value === 'object' && value !== null ? value : {};
  try {
    if ('find' in fields) return definePlugin(value as Plugin);
    if ('score' in fields) return defineCriterion(value as Parameters<typeof defineCriterion>[0]);
  } catch (cause) {
    if (cause instanceof SnpError && from !== undefined)
      throw new SnpError('plugin', `${from}: ${cause.message}`, { file: from }, { cause });
    throw cause;
  }
  const what =
    typeof value === 'function' ? 'a function (which may have to be called)' : `of another form (${typeof value})`;
  throw new SnpError(
    'plugin',
    `${from ?? 'A plug-in'} must be a criterion { name, score }, a plug-in { name, find }, or a list of them${from === undefined ? '' : ', exported by default'}, and is ${what}.`,
    from === undefined ? {} : { file: from },
  );
}

function add<T extends { name: string }>(list: T[], one: T, what: string): void {
  const { name } = one;
  if (what === 'criteria' && (criterionNames as readonly string[]).includes(name))
    throw new SnpError(
      'plugin',
      `A criterion of one's own cannot be called '${name}' as one that is built in. Give it another name.`,
    );
  if (list.some((other) => other.name === name))
    throw new SnpError('plugin', `Two ${what} are called '${name}'. Leave one of them out.`);
  list.push(one);
}
