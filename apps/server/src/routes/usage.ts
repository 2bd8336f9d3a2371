import { clearUsage, getUsage } from '../api/usage.js';
import type { App } from '../http/env.js';
import { OPEN } from '../jobs/jobShare.js';
import type { Services } from '../services.js';
import { mount } from './mount.js';

interface UsageRow {
  token: string;
  name: string | null;
  jobs: number;
  uploads: number;
  upload_bytes: number;
  devices: number;
}

/** Routes for what tokens take up. */
export function usageRoutes(app: App, services: Services): void {
  const { database, queue, uploads, devices, events, connections, strangers } = services;

  mount(app, services, getUsage, async (context) => {
    const connected = [...new Set(connections.identities().map(({ token }) => token))];
    const rows = await database.query<UsageRow>(
      `with jobs as (select token, count(*)::int as count from snp.jobs where ${OPEN} and token is not null group by token),
         sent as (select token, count(*)::int as count, sum(length)::float8 as bytes from snp.uploads where sha256 is null group by token),
         devices as (select token, count(*)::int as count from snp.devices group by token),
         all_of_them as (select token from jobs union select token from sent union select token from devices union select unnest($1::text[]))
       select token, t.name, coalesce(jobs.count, 0) as jobs, coalesce(sent.count, 0) as uploads,
         coalesce(sent.bytes, 0) as upload_bytes, coalesce(devices.count, 0) as devices
       from all_of_them left join jobs using (token) left join sent using (token) left join devices using (token)
         left join snp.tokens t on t.id = token
       order by t.name, token`,
      [connected],
    );
    const tokens = rows.map(({ upload_bytes, ...row }) => ({
      ...row,
      uploadBytes: upload_bytes,
      listeners: events.of(row.token),
      connections: connections.of(row.token),
    }));
    return context.json({ tokens, strangers: strangers.list() }, 200);
  });

  mount(app, services, clearUsage, async (context) => {
    const { id } = context.req.valid('param');
    connections.spare(context.env.incoming.socket);
    connections.end(({ token }) => token === id);
    await database.transaction(async (sql) => {
      const open = await sql.query<{ id: string }>(`select id from snp.jobs where token = $1 and ${OPEN} order by id`, [
        id,
      ]);
      for (const job of open) await queue.cancel(sql, job.id);
    });
    await uploads.forgetOf(id);
    for (const device of await devices.ofToken(id)) await devices.remove(device);
    return context.body(null, 204);
  });
}
