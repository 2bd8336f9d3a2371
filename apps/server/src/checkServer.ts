import { join } from 'node:path';
import { migrations } from './database/migrate.js';
import { openDatabase } from './database/openDatabase.js';
import { FolderLock } from './folder/folderLock.js';
import { requireReadable } from './folder/release.js';
import { makeLog } from './log.js';
import { closeToOthers, openStore } from './open.js';
import { type CheckedFile, checkFiles } from './operation/checkFiles.js';
import { SETTINGS, type Settings } from './settings.js';

/** What `checkServer` found. */
export interface CheckReport {
  files: number;
  bytes: number;
  /** Files that are missing or not as they were, with what needs them. */
  bad: CheckedFile[];
}

/**
 * Reads all files that a server stores and compares them with their hashes. With an embedded database, the server has to be stopped.
 *
 * @throws SnpError `io` if the folder, the database or the store cannot be used.
 * @example
 * const { bad } = await checkServer({ data: '/var/lib/snp' });
 */
export async function checkServer(options: Pick<Settings, 'data'> & Partial<Settings>): Promise<CheckReport> {
  const settings: Settings = { ...SETTINGS, ...options };
  const { data, databaseUrl } = settings;
  const log = makeLog(settings.logLevel);
  await closeToOthers(data, log);
  const lock = databaseUrl === undefined ? await FolderLock.take(join(data, 'lock')) : undefined;
  try {
    await requireReadable(data, await migrations());
    const database = await openDatabase(databaseUrl, data, log);
    try {
      const report: CheckReport = { files: 0, bytes: 0, bad: [] };
      for await (const file of checkFiles(database, await openStore(settings))) {
        report.files++;
        report.bytes += file.bytes;
        if (file.state !== 'whole') report.bad.push(file);
      }
      return report;
    } finally {
      await database.close();
    }
  } finally {
    await lock?.release();
  }
}
