import { mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { SnpError } from '@snp/onnx';
import { makeApp } from './app.js';
import { Datasets } from './catalog/datasets.js';
import { Uploads } from './catalog/uploads.js';
import { checkOptions } from './checkOptions.js';
import { migrations } from './database/migrate.js';
import { Devices } from './devices/devices.js';
import { Events } from './events/events.js';
import { FolderLock } from './folder/folderLock.js';
import { noteRelease, requireReadable } from './folder/release.js';
import { Audit } from './http/audit.js';
import { Connections } from './http/connections.js';
import { endWithTokens } from './http/endings.js';
import { Idempotency } from './http/idempotency.js';
import { RateLimits } from './http/rateLimits.js';
import { SessionCookie } from './http/sessionCookie.js';
import { Turns } from './http/turns.js';
import { Jobs } from './jobs/jobs.js';
import { type Log, makeLog } from './log.js';
import { artefactFolder, type Core, closeToOthers, openCore } from './open.js';
import { Disk } from './operation/disk.js';
import { Metrics } from './operation/metrics.js';
import { scrub } from './operation/scrub.js';
import { keepUp } from './operation/upkeep.js';
import { Predictor } from './predict/predictor.js';
import { AdminToken } from './security/adminToken.js';
import { Strangers } from './security/strangers.js';
import { Tokens } from './security/tokens.js';
import { SERVER_DEFAULTS, type ServerOptions } from './serverOptions.js';
import type { Services } from './services.js';
import { SETTINGS, type Settings } from './settings.js';
import { VERSION } from './version.js';

/** A server that runs. */
export interface RunningServer {
  url: string;
  /** Where an administrator's token is kept; undefined if it was taken away. */
  tokenFile: string | undefined;
  /** An address that signs a browser in, once, within a quarter of an hour. */
  signInUrl(): Promise<string>;
  /** Takes no more work; jobs that run have a while to end, and are handed back then. */
  close(): Promise<void>;
}

/** A server that was told to stop may still be at it, for so many milliseconds. */
const PATIENCE = 10_000;

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|::1)$/;

/**
 * Serves the API, the pages, and (unless `slots` is 0) does jobs. A start without a valid token of the role `admin` makes one and keeps it in `DATA/token`.
 *
 * @throws SnpError `io` if the folder, the database, the store or the port cannot be used.
 * @example
 * const server = await startServer({ data: '/var/lib/snp' });
 * console.log(server.url);
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  checkOptions(options);
  const { host = SERVER_DEFAULTS.host, port = SERVER_DEFAULTS.port, publicUrl, newToken, ...given } = options;
  const settings: Settings = { ...SETTINGS, ...given };
  const { data } = settings;
  const log = makeLog(settings.logLevel);
  const scratch = join(data, 'scratch');
  const predictions = join(data, 'predictions');
  const usable = (work: Promise<unknown>) =>
    work.catch((cause: Error) => {
      throw new SnpError('io', `${data} cannot be used: ${cause.message}.`, { file: data }, { cause });
    });
  await closeToOthers(data, log);
  const lock = await FolderLock.take(join(data, 'lock'), PATIENCE);
  if (lock.isAfterCrash)
    log.warn('the machine went down while a server ran: uploads that were not complete begin anew');
  const { database, blobs, queue, models, worker, sessionCookie } = await open(settings, publicUrl, log).catch(
    async (error) => {
      await lock.release();
      throw error;
    },
  );
  let isReady = true;
  const jobs = new Jobs(database);
  const devices = new Devices(database, queue);
  const events = new Events(database, jobs, devices);
  const disk = new Disk({ data, ...(!settings.s3 && { artefacts: artefactFolder(settings) }) }, settings.reserveBytes);
  const strangers = new Strangers();
  const metrics = new Metrics(
    database,
    () => events.listeners,
    () => disk.free(),
  );
  const services: Services = {
    settings,
    database,
    blobs,
    queue,
    jobs,
    models,
    devices,
    events,
    log,
    datasets: new Datasets(database, blobs, disk, scratch),
    disk,
    uploads: new Uploads(
      database,
      blobs,
      disk,
      join(data, 'uploads'),
      settings.uploadBytes,
      settings.uploadSilenceSeconds,
    ),
    predictor: new Predictor(blobs.store, predictions, settings.jobMemoryBytes),
    tokens: new Tokens(database),
    sessionCookie,
    idempotency: new Idempotency(database),
    limits: new RateLimits(),
    turns: new Turns(),
    connections: new Connections(),
    strangers,
    audit: new Audit(database, strangers, metrics, log),
    metrics,
    isReady: () => isReady,
  };
  const stop = new AbortController();
  let server: Server | undefined;
  const end = async () => {
    isReady = false;
    stop.abort();
    server?.close();
    events.close();
    services.connections.close();
    await worker.stop(settings.stopSeconds);
    services.predictor.close();
    await queue.stop();
    await database.close();
    server?.closeAllConnections();
    await lock.release();
  };
  try {
    for (const folder of [scratch, predictions])
      await usable(rm(folder, { recursive: true, force: true }).then(() => mkdir(folder, { mode: 0o700 })));
    await services.uploads.open(lock.isAfterCrash);
    const adminToken = new AdminToken(services.tokens, data);
    await (newToken ? adminToken.renew() : adminToken.require());
    await events.start();
    await endWithTokens(database, services.connections);
    const app = await makeApp(services, { version: VERSION, publicUrl, loopbackOnly: LOOPBACK.test(host) });
    server = createAdaptorServer({
      fetch: app.fetch,
      serverOptions: { connectionsCheckingInterval: 2000 },
    }) as Server;
    services.connections.watch(server);
    const actual = await listen(server, host, port);
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
    await worker.start();
    keepUp(services, stop.signal);
    scrub(services, stop.signal);
    if (!LOOPBACK.test(host) && !publicUrl?.startsWith('https:'))
      log.warn(
        'the server listens beyond this machine without TLS: tokens can be read on the way. Put a proxy with TLS before it.',
      );
    log.info({ url, version: VERSION, database: settings.databaseUrl ? 'postgresql' : 'embedded' }, 'server is ready');
    return {
      url,
      tokenFile: adminToken.file,
      async signInUrl() {
        const { tokens } = services;
        await adminToken.require();
        return `${publicUrl?.replace(/\/+$/, '') ?? url}/#code=${await tokens.makeCode((await tokens.admin())!)}`;
      },
      async close() {
        log.info('server stops');
        // Whoever shares requests out hears that it is not ready, before one is refused.
        isReady = false;
        await setTimeout(1000 * settings.drainSeconds);
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Opens what this release can read, and notes that it did. */
async function open(
  settings: Settings,
  publicUrl: string | undefined,
  log: Log,
): Promise<Core & { sessionCookie: SessionCookie }> {
  const known = await migrations();
  await requireReadable(settings.data, known);
  const core = await openCore(settings, log);
  await noteRelease(settings.data, known);
  return { ...core, sessionCookie: await SessionCookie.of(core.database, publicUrl) };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  // Uploads may take long: they keep their own pace. Headers and other bodies may not.
  server.requestTimeout = 0;
  server.headersTimeout = 10_000;
  // Longer than proxies keep theirs: else they send on a connection that has just been closed.
  server.keepAliveTimeout = 75_000;
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new SnpError('io', `Port ${port} of ${host} cannot be used: ${cause.message}.`, {}, { cause })),
    );
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
