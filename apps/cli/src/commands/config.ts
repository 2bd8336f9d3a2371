import { SnpError } from '@snp/core';
import { Command } from 'commander';
import { loadConfig } from '../config/loadConfig.js';
import { configJsonSchema } from '../config/schema.js';
import { addConfigOptions } from '../config/withConfig.js';
import { printJson } from '../output/json.js';

/** `snp config`: what the configuration file says, or what one may say. */
export function configCommand(): Command {
  const command = new Command('config')
    .description('check the configuration file and show what it says')
    .option('--schema', 'print the JSON schema of configuration files');
  return addConfigOptions(command).action(async ({ schema, config }: { schema?: boolean; config?: string | false }) => {
    if (schema) return printJson(configJsonSchema());
    const loaded = await loadConfig(config);
    if (!loaded)
      throw new SnpError(
        'io',
        'There is no snp.config.ts, .js, .mjs or .json in the current folder. Name a file with --config.',
      );
    printJson(loaded);
  });
}
