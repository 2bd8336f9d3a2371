import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ServerOptions } from '@snp/server';
import { Command } from 'commander';
import { size, wholeNumber } from '../options/numbers.js';
import { addSettingsOptions, type SettingsOptions, settingsOf } from '../options/settings.js';
import { EXIT } from '../output/exitCodes.js';
import { bytes } from '../output/format.js';
import { untilStopped } from '../untilStopped.js';

interface ServeOptions extends SettingsOptions {
  host?: string;
  port?: number;
  publicUrl?: string;
  quota?: number;
  largestUpload?: number;
  retention?: number;
  keepFree?: number;
  newToken?: boolean;
  check?: boolean;
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
    .option('--retention <DAYS>', 'days after which jobs that ended are removed; models stay', wholeNumber(1))
    .option(
      '--keep-free <BYTES>',
      'room on the disk that is left to the database; with less, no files are taken (256M)',
      size,
    )
    .option('--new-token', "make a new administrator's token in --data; the one that is there is revoked")
    .option('--check', 'read all stored files, say which are damaged, and end');
  return addSettingsOptions(command).action(run);
}

async function run(options: ServeOptions): Promise<void> {
  const { host, port, publicUrl, quota, largestUpload, retention, keepFree, newToken } = options;
  if (options.check) return check(options);
  // Not before it is asked for: other commands begin without a web server.
  const { startServer } = await import('@snp/server');
  const server = await startServer({
    ...settingsOf(options),
    host,
    port,
    publicUrl,
    newToken,
    ...(keepFree !== undefined && { reserveBytes: keepFree }),
    ...(quota !== undefined && { storedBytes: quota }),
    ...(largestUpload !== undefined && { uploadBytes: largestUpload }),
    ...(retention !== undefined && { retentionDays: retention }),
  } satisfies ServerOptions);
  const token = server.tokenFile
    ? `an administrator's token is in ${server.tokenFile}`
    : "the administrator's token is not kept there; --new-token makes another";
  process.stdout.write(`${server.url} serves ${options.data}; ${token}\n`);
  // Where the output may end in a log, the link does not stand in it.
  if (process.stdout.isTTY)
    process.stdout.write(`Open this to sign in (once, within 15 minutes): ${await server.signInUrl()}\n`);
  await untilStopped(() => server.close());
}

/** Says which stored files are not as they were. */
async function check(options: ServeOptions): Promise<void> {
  const { checkServer } = await import('@snp/server');
  const { files, bytes: all, bad } = await checkServer(settingsOf(options));
  for (const { sha256, state, neededBy } of bad)
    process.stdout.write(`${state} ${sha256}: ${neededBy.join(', ') || 'nothing needs it'}\n`);
  process.stdout.write(`${files} files, ${bytes(all)}: ${bad.length || 'none'} damaged or missing\n`);
  if (bad.length > 0) process.exitCode = EXIT.error;
}
