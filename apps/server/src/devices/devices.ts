import type { z } from '@hono/zod-openapi';
import type { deviceSchema } from '../api/devices.js';
import { countAlone, type Database, first, type Sql } from '../database/database.js';
import { storableJson } from '../database/storable.js';
import { Failure } from '../failure.js';
import type { JobQueue } from '../jobs/jobQueue.js';
import { shareOf } from '../security/shares.js';

/** A device as clients see it. */
export type Device = z.infer<typeof deviceSchema>;

/** A device as it is stored, with what it has to do. */
export interface DeviceRow {
  id: string;
  token: string;
  name: string;
  fingerprint: Device['fingerprint'];
  targets: Device['targets'];
  seen: Date;
  created: Date;
  queued: number;
  running: string | null;
  done: number;
}

/** Most that an agent may say of its device: lists of devices tell it all. */
const MOST_BYTES = 64 * 2 ** 10;

/** Devices that may be known at once. */
const MOST = 200;

/** Seconds after which a device that says nothing is away. */
const AWAY_SECONDS = 60;

const ALL = `select d.*, (select count(*) from snp.jobs j where j.device = d.id and j.state = 'queued') as queued,
  (select id from snp.jobs j where j.device = d.id and j.state = 'running' limit 1) as running,
  (select count(*) from snp.jobs j where j.device = d.id and j.state = 'done') as done from snp.devices d`;

/** The queue of a device. */
export function deviceQueue(id: string): string {
  return `device-${id}`;
}

/** Devices whose agents registered. */
export class Devices {
  constructor(
    private readonly database: Database,
    private readonly queue: JobQueue,
  ) {}

  list(): Promise<DeviceRow[]> {
    return this.database.query<DeviceRow>(`${ALL} order by d.name, d.id`);
  }

  find(id: string): Promise<DeviceRow | undefined> {
    return first<DeviceRow>(this.database, `${ALL} where d.id = $1`, [id]);
  }

  /** @throws Failure `not-found` */
  async get(id: string): Promise<DeviceRow> {
    return (await this.find(id)) ?? Failure.notFound('device', id);
  }

  /** A device whose agent has this token. */
  async own(id: string, token: string): Promise<DeviceRow> {
    const device = await this.find(id);
    return device?.token === token ? device : Failure.notFound('device', id);
  }

  /** Takes note of what an agent says of itself. */
  async register(
    id: string,
    token: string,
    { name, fingerprint, targets }: Pick<Device, 'name' | 'fingerprint' | 'targets'>,
  ): Promise<DeviceRow> {
    const said = [storableJson(fingerprint), storableJson(targets)];
    if (Buffer.byteLength(said.join('')) > MOST_BYTES)
      throw new Failure('invalid-argument', `An agent may say ${MOST_BYTES} bytes of its device and targets, no more.`);
    const known = await this.database.transaction(async (sql) => {
      await requireShare(sql, id, token);
      return sql.query(
        `insert into snp.devices (id, token, name, fingerprint, targets) values ($1, $2, $3, $4, $5)
         on conflict (id) do update set name = $3, fingerprint = $4, targets = $5, seen = now() where snp.devices.token = $2 returning 1`,
        [id, token, name, ...said],
      );
    });
    if (known.length === 0) throw new Failure('conflict', `The id ${id} belongs to the agent of another token.`);
    await this.queue.createQueue(deviceQueue(id));
    return this.get(id);
  }

  /** An agent was heard of; noted every ten seconds at most. */
  async seen(id: string): Promise<void> {
    await this.database.query(
      `update snp.devices set seen = now() where id = $1 and seen < now() - interval '10 seconds'`,
      [id],
    );
  }

  /** Those that the agents of a token registered. */
  async ofToken(token: string): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>('select id from snp.devices where token = $1', [token]);
    return rows.map(({ id }) => id);
  }

  async remove(id: string): Promise<void> {
    await this.get(id);
    await this.database.transaction(async (sql) => {
      const open = await sql.query<{ id: string }>(
        `select id from snp.jobs where device = $1 and state in ('waiting', 'queued', 'running')`,
        [id],
      );
      for (const job of open) await this.queue.cancel(sql, job.id);
      await sql.query('delete from snp.devices where id = $1', [id]);
    });
    await this.queue.removeQueue(deviceQueue(id));
  }
}

/** @throws Failure `quota` if the device is new, and there are as many as may be. */
async function requireShare(sql: Sql, id: string, token: string): Promise<void> {
  await countAlone(sql, 'devices');
  const row = await first<{ own: number; all: number; known: boolean }>(
    sql,
    `select count(*) filter (where token = $2)::int as own, count(*)::int as all, coalesce(bool_or(id = $1), false) as known from snp.devices`,
    [id, token],
  );
  const { own, all, known } = row!;
  if (known || (own < shareOf(MOST) && all < MOST)) return;
  const why = all < MOST ? `${own} devices are registered with this token` : `${all} devices are registered`;
  throw new Failure('quota', `${why} already, as many as may be. An administrator can remove some.`);
}

/** A device as clients see it. */
export function presentDevice(row: DeviceRow): Device {
  const { id, name, fingerprint, targets, seen, created, running } = row;
  const away = Date.now() - seen.getTime() > 1000 * AWAY_SECONDS;
  return {
    id,
    name,
    fingerprint,
    targets,
    state: away ? 'away' : running ? 'busy' : 'idle',
    seen: seen.toISOString(),
    created: created.toISOString(),
    queued: Number(row.queued),
    running,
    done: Number(row.done),
  };
}
