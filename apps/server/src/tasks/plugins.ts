import { type Plugin, presets } from '@snp/core';
import { blockPruning } from '@snp/plugin-block';
import { headPruning } from '@snp/plugin-head';

/** Plug-ins that jobs may name as the command does. Others would be code from outside, which the server does not run. */
const PLUGINS = {
  head: () => headPruning(),
  block: () => blockPruning(),
  'whole-block': () => blockPruning({ units: 'blocks' }),
} as const satisfies Readonly<Record<string, () => Plugin>>;

/** Name of such a plug-in. */
export type PluginName = keyof typeof PLUGINS;

/** The plug-ins of these names. A preset that takes heads away brings who chooses them. */
export function pluginsOf(names: readonly PluginName[] = [], preset?: string): Plugin[] {
  const shape = preset !== undefined && Object.hasOwn(presets, preset) && presets[preset as keyof typeof presets];
  const all = new Set<PluginName>(shape && 'heads' in shape ? [...names, 'head'] : names);
  return [...all].map((name) => PLUGINS[name]());
}
