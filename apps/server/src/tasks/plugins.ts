import type { Plugin } from '@snp/core';
import { takesHeads } from '@snp/core/planning';
import { blockPruning } from '@snp/plugin-block';
import { headPruning } from '@snp/plugin-head';
import type { PLUGIN_NAMES } from '../api/job.js';

/** Name of a plug-in that jobs may name as the command does. */
export type PluginName = (typeof PLUGIN_NAMES)[number];

/** Those that come with the server. Others would be code from outside, which it does not run. */
const PLUGINS: Readonly<Record<PluginName, () => Plugin>> = {
  head: () => headPruning(),
  block: () => blockPruning(),
  'whole-block': () => blockPruning({ units: 'blocks' }),
};

/** The plug-ins of these names. A preset that takes heads away brings who chooses them. */
export function pluginsOf(names: readonly PluginName[] = [], preset?: string): Plugin[] {
  const all = new Set<PluginName>(preset !== undefined && takesHeads(preset) ? [...names, 'head'] : names);
  return [...all].map((name) => PLUGINS[name]());
}
