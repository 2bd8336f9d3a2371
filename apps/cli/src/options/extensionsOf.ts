import type { PruneOptions } from '@snp/core';
import { takesHeads } from '@snp/core/planning';
import { headPruning } from '@snp/plugin-head';
import pc from 'picocolors';
import { chooseCriterion } from '../plugins/chooseCriterion.js';
import { loadPlugins } from '../plugins/loadPlugins.js';
import type { PluginOptions } from './plugins.js';

/** Loads what is not built in, and chooses the criterion. A plan needs none. A preset that takes heads away brings who chooses them. */
export async function extensionsOf(
  options: PluginOptions & { criterion?: string; seed?: number; plan?: string; preset?: string },
): Promise<Pick<PruneOptions, 'criterion' | 'plugins' | 'pluginTimeout'>> {
  const { criteria, plugins } = await loadPlugins(options.plugin);
  const onOnly = ({ name }: { name: string }) =>
    process.stderr.write(`${pc.dim('criterion')} ${name}, the only one loaded\n`);
  return {
    criterion:
      options.plan === undefined ? chooseCriterion(options.criterion, criteria, options.seed, onOnly) : undefined,
    plugins:
      options.preset !== undefined && takesHeads(options.preset) && !plugins.some(({ name }) => name === 'head')
        ? [...plugins, headPruning()]
        : plugins,
    pluginTimeout: options.pluginTimeout,
  };
}
