import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { SnpError } from '@snp/onnx';
import { makeApp } from './app.js';
import { Devices } from './devices/devices.js';
import { Connections } from './http/connections.js';
import { Events } from './http/events.js';
import { Idempotency } from './http/idempotency.js';
import { RateLimits } from './http/rateLimits.js';
import { Jobs } from './jobs/jobs.js';
import { openCore } from './open.js';
import { Audit } from './operation/audit.js';
import { makeLog } from './operation/log.js';
import { Metrics } from './operation/metrics.js';
import { keepUp } from './operation/upkeep.js';
import { Predictor } from './predict/predictor.js';
import { endWithTokens } from './security/endings.js';
import { Strangers } from './security/strangers.js';
import { Tokens } from './security/tokens.js';
import type { Services } from './services.js';
import { SETTINGS, type Settings } from './settings.js';
import { Datasets } from './shelf/datasets.js';
import { Uploads } from './shelf/uploads.js';
import { VERSION } from './version.js';

/** Options of `startServer`; what is not given has its default. */
export type ServerOptions = Pick<Settings, 'data'> &
  Partial<Settings> & {
    /** Default `127.0.0.1`: this machine alone. */
    host?: string | undefined;
    /** Default 7080; 0 takes any that is free. */
    port?: number | undefined;
    /** `https://snp.example.org`, where a proxy with TLS stands before it. */
    publicUrl?: string | undefined;
  };

/** Defaults of `startServer`. */
export const SERVER_DEFAULTS = { host: '127.0.0.1', port: 7080 } as const;

/** A server that runs. */
export interface RunningServer {
  url: string;
  /** Where the administrator's first token is kept. */
  tokenFile: string;
  /** An address that signs a browser in, once, within a quarter of an hour. */
  signInUrl(): Promise<string>;
  /** Takes no more work; jobs that run have a while to end, and are handed back then. */
  close(): Promise<void>;
}

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
  const { host = SERVER_DEFAULTS.host, port = SERVER_DEFAULTS.port, publicUrl, ...given } = options;
  const settings: Settings = { ...SETTINGS, ...given };
  const { data } = settings;
  const log = makeLog(settings.logLevel);
  const scratch = join(data, 'scratch');
  const predictions = join(data, 'predictions');
  const usable = (work: Promise<unknown>) =>
    work.catch((cause: Error) => {
      throw new SnpError('io', `${data} cannot be used: ${cause.message}.`, { file: data }, { cause });
    });
  await usable(mkdir(data, { recursive: true, mode: 0o700 }));
  const { database, blobs, queue, models, worker } = await openCore(settings, log);
  let isReady = true;
  const jobs = new Jobs(database);
  const devices = new Devices(database, queue);
  const events = new Events(database, jobs, devices);
  const strangers = new Strangers();
  const metrics = new Metrics(database, () => events.listeners);
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
    datasets: new Datasets(database, blobs, scratch),
    uploads: new Uploads(database, blobs, join(data, 'uploads'), settings.uploadBytes, settings.uploadSilenceSeconds),
    predictor: new Predictor(blobs.store, predictions, settings.jobMemoryBytes),
    tokens: new Tokens(database),
    idempotency: new Idempotency(database),
    limits: new RateLimits(),
    connections: new Connections(),
    strangers,
    audit: new Audit(database, strangers, metrics, log),
    metrics,
    isReady: () => isReady,
  };
  const stop = new AbortController();
  const end = async () => {
    isReady = false;
    stop.abort();
    events.close();
    services.connections.close();
    await worker.stop(settings.stopSeconds);
    services.predictor.close();
    await queue.stop();
    await database.close();
  };
  try {
    // Not before the database is open: until then, another server may be at work in the folder.
    for (const folder of [scratch, predictions])
      await usable(rm(folder, { recursive: true, force: true }).then(() => mkdir(folder)));
    await services.uploads.open();
    const tokenFile = await firstToken(services.tokens, data);
    await events.start();
    await endWithTokens(database, services.connections);
    const app = await makeApp(services, { version: VERSION, publicUrl, loopbackOnly: LOOPBACK.test(host) });
    const server = createAdaptorServer({
      fetch: app.fetch,
      serverOptions: { connectionsCheckingInterval: 2000 },
    }) as Server;
    services.connections.watch(server);
    const actual = await listen(server, host, port);
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
    await worker.start();
    keepUp(services, stop.signal);
    if (!LOOPBACK.test(host) && !publicUrl?.startsWith('https:'))
      log.warn(
        'the server listens beyond this machine without TLS: tokens can be read on the way. Put a proxy with TLS before it.',
      );
    log.info({ url, version: VERSION, database: settings.databaseUrl ? 'postgresql' : 'embedded' }, 'server is ready');
    return {
      url,
      tokenFile,
      async signInUrl() {
        const { tokens } = services;
        await firstToken(tokens, data);
        return `${publicUrl ?? url}/#code=${await tokens.makeCode((await tokens.admin())!)}`;
      },
      async close() {
        log.info('server stops');
        isReady = false;
        server.close();
        await end();
        server.closeAllConnections();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Without an administrator whose token is valid, one is made: else nobody would ever get in. Its file can be read by its owner alone. */
async function firstToken(tokens: Tokens, data: string): Promise<string> {
  const path = join(data, 'token');
  if (await tokens.admin()) return path;
  const { secret } = await tokens.create('first administrator', 'admin');
  await rm(path, { force: true });
  await writeFile(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  return path;
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
