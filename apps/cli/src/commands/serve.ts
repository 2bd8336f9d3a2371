import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ServerOptions } from '@snp/server';
import { Command } from 'commander';
import { size, wholeNumber } from '../options/numbers.js';
import { addSettingsOptions, type SettingsOptions, settingsOf } from '../options/settings.js';
import { untilStopped } from '../untilStopped.js';

interface ServeOptions extends SettingsOptions {
  host?: string;
  port?: number;
  publicUrl?: string;
  quota?: number;
  largestUpload?: number;
  retention?: number;
}

/** `snp serve`: models, jobs, devices and results for a team. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('serve models, jobs, devices and results to a team: an API and pages')
    .option('--host <ADDRESS>', 'address to listen on; 0.0.0.0 for all (default: 127.0.0.1)')
    .option('--port <N>', 'port to listen on; 0 for any that is free (default: 7080)', wholeNumber(0))
    .option('--data <DIR>', 'where everything is kept', join(homedir(), '.snp-server'))
    .option('--public-url <URL>', 'where it is reached, if a proxy stands before it')
    .option('--quota <BYTES>', 'most bytes of all files together: 200G', size)
    .option('--largest-upload <BYTES>', 'largest file: 8G', size)
    .option('--retention <DAYS>', 'days after which jobs that ended are removed; models stay', wholeNumber(1));
  return addSettingsOptions(command).action(run);
}

async function run(options: ServeOptions): Promise<void> {
  const { host, port, publicUrl, quota, largestUpload, retention } = options;
  // Not before it is asked for: other commands begin without a web server.
  const { startServer } = await import('@snp/server');
  const server = await startServer({
    ...settingsOf(options),
    host,
    port,
    publicUrl,
    ...(quota !== undefined && { storedBytes: quota }),
    ...(largestUpload !== undefined && { uploadBytes: largestUpload }),
    ...(retention !== undefined && { retentionDays: retention }),
  } satisfies ServerOptions);
  process.stdout.write(`${server.url} serves ${options.data}; the administrator's token is in ${server.tokenFile}\n`);
  // Where the output may end in a log, the link does not stand in it.
  if (process.stdout.isTTY)
    process.stdout.write(`Open this to sign in (once, within 15 minutes): ${await server.signInUrl()}\n`);
  await untilStopped(() => server.close());
}
