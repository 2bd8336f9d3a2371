import { addStatistics, type CalibrationStatistics, loadStatistics } from '@snp/core';

/** What `--stats` names: several files are those of shards, and add up. */
export async function statisticsIn({
  stats,
}: {
  stats?: readonly string[] | undefined;
}): Promise<CalibrationStatistics | undefined> {
  return stats && addStatistics(await Promise.all(stats.map(loadStatistics)));
}
