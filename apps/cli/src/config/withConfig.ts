import type { Command } from 'commander';
import pc from 'picocolors';
import { loadConfig } from './loadConfig.js';
import type { ParsedConfig } from './schema.js';

/** Options of commands as one bag: names of flags to what they were given. */
type Flags = Record<string, unknown>;

/** Adds `--config` and `--no-config`. */
export function addConfigOptions(command: Command): Command {
  return command
    .option(
      '--config <FILE>',
      'options from a file, whose code is run (default: snp.config.ts, .js, .mjs or .json in the current folder)',
    )
    .option('--no-config', 'use no configuration file');
}

/** The options of a command, and where it was not given them those of the configuration file that concern it. */
export async function withConfig<T extends object>(
  command: Command,
  flagsOf: (config: ParsedConfig) => Flags,
  drops: (flags: Flags, given: ReadonlySet<string>) => readonly string[] = () => [],
): Promise<T> {
  const flags: Flags = command.opts();
  const loaded = await loadConfig(flags.config as string | false | undefined);
  delete flags.config;
  if (!loaded) return flags as T;
  process.stderr.write(`${pc.dim('config')} ${loaded.file}\n`);
  const given = new Set(Object.keys(flags).filter((name) => command.getOptionValueSource(name) === 'cli'));
  const merged = { ...flags };
  for (const [name, value] of Object.entries(flagsOf(loaded.config))) {
    if (value === undefined) continue;
    // Plug-ins of both are loaded: the file may need its own.
    if (name === 'plugin') merged[name] = [...(value as unknown[]), ...((flags[name] as unknown[] | undefined) ?? [])];
    else if (!given.has(name)) merged[name] = value;
  }
  // What only the file says gives way where it does not fit what was asked for.
  for (const name of drops(merged, given)) if (!given.has(name)) merged[name] = flags[name];
  return merged as T;
}
