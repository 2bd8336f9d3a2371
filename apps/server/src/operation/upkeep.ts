import { setTimeout } from 'node:timers/promises';
import type { Services } from '../services.js';

/** Milliseconds between two rounds. */
const PAUSE = 3600_000;

/** Clears away what is old or nobody needs, once an hour, until the signal fires. */
export async function keepUp(services: Services, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await clearAway(services);
    } catch (error) {
      services.log.warn({ err: error }, 'clearing away failed; it is tried again in an hour');
    }
    await setTimeout(PAUSE, undefined, { signal }).catch(() => undefined);
  }
}

/** One round. */
async function clearAway({ database, blobs, uploads, tokens, idempotency, settings, log }: Services): Promise<void> {
  await uploads.sweep();
  await tokens.sweep();
  await idempotency.sweep();
  const days = settings.retentionDays;
  const jobs = await database.transaction(async (sql) => {
    // What others build on stays as long as they do, and so does the analysis of a model in the catalog.
    const gone = await sql.query<{ id: string }>(
      `delete from snp.jobs j where ended < now() - make_interval(days => $1)
         and not exists (select from snp.job_needs n where n.needs = j.id)
         and not exists (select from snp.models m where m.analysis_job = j.id) returning id`,
      [days],
    );
    await sql.query('delete from snp.blob_uses where owner = any($1)', [gone.map(({ id }) => `job:${id}`)]);
    return gone.length;
  });
  await database.query('delete from snp.audit where at < now() - make_interval(days => $1)', [4 * days]);
  const files = await blobs.sweep();
  if (jobs + files > 0) log.info({ jobs, files }, 'cleared away');
}
