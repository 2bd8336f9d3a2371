import { type Command, Option } from 'commander';
import type { PluginSource } from '../plugins/loadPlugins.js';
import { duration } from './numbers.js';

/** Options of every command that takes plug-ins. */
export interface PluginOptions {
  plugin?: PluginSource[];
  pluginTimeout?: number;
}

/** Adds `--plugin` and `--plugin-timeout`. */
export function addPluginOptions(command: Command): Command {
  return command
    .option(
      '--plugin <FILE|PACKAGE>',
      'units beyond neurons: head, block (attention and FFN branches), whole-block; or criteria and plug-ins of your own: a .ts or .js file, or an installed package, whose code is run; repeatable',
      (text: string, earlier: PluginSource[] = []) => [...earlier, text],
    )
    .option(
      '--plugin-timeout <TIME>',
      'a call of a criterion or plug-in that takes longer is given up: 500ms, 60s, 10m (default: 10m)',
      duration,
    );
}

/** `--criterion`: a built-in one or one that was loaded. */
export function criterionOption(names: readonly string[]): Option {
  return new Option(
    '--criterion <NAME>',
    `which neurons leave: ${names.join(', ')}, or one that --plugin loads, which needs no name if it is the only one (default: snp; with compensation full, which mixes neurons or picks them itself, only for hidden neurons and if given)`,
  );
}
