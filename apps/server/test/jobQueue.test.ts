import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cursorOf } from '../src/http/cursor.js';
import { contentKey } from '../src/jobs/contentKey.js';
import type { JobError, JobRow } from '../src/jobs/job.js';
import { COMPUTE, JobQueue, type NewJob } from '../src/jobs/jobQueue.js';
import { Jobs } from '../src/jobs/jobs.js';
import { TestDatabase } from './support/testDatabase.js';

describe('a queue of jobs', () => {
  let database: TestDatabase;
  let queue: JobQueue;
  let count = 0;
  /** What was lost, and why. */
  const lost: string[] = [];

  beforeAll(async () => {
    database = await TestDatabase.create();
    const note = async (_: unknown, { id }: JobRow, { code }: JobError) => void lost.push(`${id} ${code}`);
    queue = new JobQueue(database, note, (error) => {
      throw error;
    });
    await queue.start();
  });
  afterAll(async () => {
    await queue.stop();
    await database.close();
  });

  const submit = async (job: Partial<NewJob> = {}) => {
    const title = `job ${++count}`;
    const whole: NewJob = {
      type: 'prune',
      key: title,
      title,
      input: {},
      work: {},
      queue: COMPUTE,
      createdBy: 'test',
      token: null,
      ...job,
    };
    return (await database.transaction((sql) => queue.submit(sql, whole))).job;
  };
  const find = async (id: string) => (await database.query<JobRow>('select * from snp.jobs where id = $1', [id]))[0];
  /** As if its worker had said nothing for long. */
  const forget = (id: string) =>
    database.query(`update snp.jobs set lease_until = now() - interval '1 second' where id = $1`, [id]);
  const outcome = (result: unknown) => ({ result, artefacts: [] });

  it('gives a job of a dead worker to another, and does not listen to the first any more', async () => {
    const { id } = await submit();
    const first = (await queue.take(COMPUTE, 'first'))!;
    expect(first.id).toBe(id);
    expect(await queue.take(COMPUTE, 'second')).toBeUndefined();
    await forget(id);
    expect((await queue.recover()).map((job) => job.id)).toEqual([id]);
    const second = (await queue.take(COMPUTE, 'second'))!;
    expect(second).toMatchObject({ id, attempt: 2 });
    expect(await queue.beat(first, undefined)).toBe(false);
    expect(await queue.finish(first, outcome('of the first'))).toBe(false);
    expect(await queue.fail(first, { code: 'io', message: 'of the first' })).toBe(false);
    await queue.handBack(first);
    expect(await queue.finish(second, outcome('of the second'))).toBe(true);
    expect(await queue.finish(second, outcome('again'))).toBe(false);
    expect(await find(id)).toMatchObject({ state: 'done', result: 'of the second' });
    expect(await queue.take(COMPUTE, 'third')).toBeUndefined();
  });

  it('gives all jobs of a queue to others when none of those before can be alive', async () => {
    await queue.createQueue('device');
    const [own, other] = [await submit(), await submit({ queue: 'device' })];
    await queue.take(COMPUTE, 'before');
    const onDevice = (await queue.take('device', 'before'))!;
    await queue.expire(COMPUTE);
    expect((await queue.recover()).map(({ id }) => id)).toEqual([own.id]);
    const again = (await queue.take(COMPUTE, 'now'))!;
    expect(again).toMatchObject({ id: own.id, attempt: 2 });
    expect(await queue.finish(again, outcome(1))).toBe(true);
    expect(onDevice.id).toBe(other.id);
    expect(await queue.finish(onDevice, outcome(1))).toBe(true);
  });

  it('undoes an end whose other rows cannot be written', async () => {
    const { id } = await submit();
    const job = (await queue.take(COMPUTE, 'worker'))!;
    await expect(
      queue.finish(job, outcome(1), (sql) => sql.query('select 1 / 0').then(() => undefined)),
    ).rejects.toThrow(/zero/);
    expect((await find(id)).state).toBe('running');
    expect(await queue.finish(job, outcome(1))).toBe(true);
  });

  it('gives up a job that killed five workers', async () => {
    const { id } = await submit();
    for (let attempt = 1; attempt <= 5; attempt++) {
      expect(await queue.take(COMPUTE, 'worker')).toMatchObject({ id, attempt });
      await forget(id);
      await queue.recover();
    }
    expect(await find(id)).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('died 5 times') },
    });
    expect(lost).toContain(`${id} runtime`);
  });

  it('does not take a part up again that the death of another made needless', async () => {
    const parts = [await submit(), await submit()];
    const whole = await submit({ needs: parts.map(({ id }) => id) });
    for (const { id } of parts) {
      await queue.take(COMPUTE, 'worker');
      await database.query('update snp.jobs set parent = $2, attempt = 5 where id = $1', [id, whole.id]);
      await forget(id);
    }
    await database.query('update snp.jobs set attempt = 1 where id = $1', [parts[1].id]);
    const ends = new Map((await queue.recover()).map(({ id, state }) => [id, state]));
    expect(parts.map(({ id }) => ends.get(id))).toEqual(['failed', 'cancelled']);
    expect(await queue.take(COMPUTE, 'worker')).toBeUndefined();
  });

  it('takes a job that was handed back as not tried', async () => {
    const { id } = await submit();
    await queue.handBack((await queue.take(COMPUTE, 'worker'))!);
    const again = (await queue.take(COMPUTE, 'worker'))!;
    expect(again).toMatchObject({ id, attempt: 1 });
    await queue.finish(again, outcome(1));
  });

  it('lets a job begin when all that it needs is done, once', async () => {
    const needs = [(await submit()).id, (await submit()).id];
    const { id } = await submit({ needs });
    expect((await find(id)).state).toBe('waiting');
    for (const need of needs) {
      const job = (await queue.take(COMPUTE, 'worker'))!;
      expect(job.id).toBe(need);
      await queue.finish(job, outcome(need));
    }
    expect((await queue.needsOf(id)).map((job) => job.result)).toEqual(needs);
    const last = (await queue.take(COMPUTE, 'worker'))!;
    expect(last.id).toBe(id);
    await queue.finish(last, outcome(1));
    expect(await queue.take(COMPUTE, 'worker')).toBeUndefined();
  });

  it('fails what builds on a job that failed, and cancels parts that nothing needs any more', async () => {
    const [broken, other] = [await submit(), await submit()];
    const whole = await submit({ needs: [broken.id, other.id] });
    await database.query('update snp.jobs set parent = $1 where id = any($2)', [whole.id, [broken.id, other.id]]);
    const beyond = await submit({ needs: [whole.id] });
    await queue.fail((await queue.take(COMPUTE, 'worker'))!, { code: 'calibration', message: 'no pictures' });
    expect(await find(beyond.id)).toMatchObject({
      state: 'failed',
      error: { code: 'calibration', message: expect.stringContaining('no pictures') },
    });
    expect((await find(other.id)).state).toBe('cancelled');
    expect(await queue.take(COMPUTE, 'worker')).toBeUndefined();
    await expect(submit({ needs: [broken.id] })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('keeps parts as long as one of those that share them goes on, and cancels them with the last', async () => {
    const ids = async (count: number) =>
      (await Promise.all(Array.from({ length: count }, () => submit()))).map(({ id }) => id);
    const [only, ...shared] = await ids(3);
    const first = await submit({ needs: [only, ...shared] });
    const own = 'update snp.jobs set parent = $1 where id = any($2) and parent is null';
    await database.query(own, [first.id, [only, ...shared]]);
    const [more] = await ids(1);
    const second = await submit({ needs: [...shared, more] });
    await database.query(own, [second.id, [...shared, more]]);
    const stateOf = async (id: string) => (await find(id)).state;
    const jobs = new Jobs(database);
    expect(await jobs.get(second.id)).toMatchObject({ parts: 3, parts_done: 0 });
    const { created, id } = cursorOf(undefined);
    const listed = await jobs.list({ parent: second.id }, { created, id }, 10);
    expect(listed.map((job) => job.id).sort()).toEqual([...shared, more].sort());
    await database.transaction((sql) => queue.cancel(sql, first.id));
    expect([await stateOf(only), await stateOf(shared[0]), await stateOf(more)]).toEqual([
      'cancelled',
      'queued',
      'queued',
    ]);
    await database.transaction((sql) => queue.cancel(sql, second.id));
    for (const part of [...shared, more]) expect(await stateOf(part)).toBe('cancelled');
    expect(await queue.take(COMPUTE, 'worker')).toBeUndefined();
  });

  it('keeps one job of a key, until it is lost', async () => {
    const first = await submit({ key: 'the same' });
    expect((await submit({ key: 'the same' })).id).toBe(first.id);
    await database.transaction((sql) => queue.cancel(sql, first.id));
    const second = await submit({ key: 'the same' });
    expect(second.id).not.toBe(first.id);
    await queue.finish((await queue.take(COMPUTE, 'worker'))!, outcome(1));
    expect((await submit({ key: 'the same' })).id).toBe(second.id);
  });
});

describe('keys of contents', () => {
  it('do not depend on the order of names, but on everything else', () => {
    const key = contentKey({ a: 1, b: { c: [1, 2], d: undefined } });
    expect(contentKey({ b: { c: [1, 2] }, a: 1 })).toBe(key);
    for (const other of [
      { a: 1, b: { c: [2, 1] } },
      { a: '1', b: { c: [1, 2] } },
      { a: 1, b: { c: [1, 2], d: null } },
    ])
      expect(contentKey(other)).not.toBe(key);
  });
});
