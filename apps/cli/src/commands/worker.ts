import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addSettingsOptions, type SettingsOptions, settingsOf } from '../options/settings.js';
import { untilStopped } from '../untilStopped.js';

/** `snp worker`: does jobs of a server. */
export function workerCommand(): Command {
  const command = new Command('worker')
    .description(
      'do jobs of a server whose database is in DATABASE_URL (PostgreSQL), on any machine that shares its artefacts',
    )
    .option('--data <DIR>', 'where jobs keep files while they run', join(homedir(), '.snp-worker'));
  return addSettingsOptions(command).action(run);
}

async function run(options: SettingsOptions): Promise<void> {
  const { startWorker } = await import('@snp/server');
  const worker = await startWorker(settingsOf(options));
  await untilStopped(() => worker.close());
}
