import { join } from 'node:path';
import { type ServerType, serve } from '@hono/node-server';
import { SnpError } from '@snp/onnx';
import { privateFolder } from '@snp/onnx/node';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { localTargets } from '../localTargets.js';
import type { Target } from '../target/target.js';
import { chunksOf } from './chunksOf.js';
import { FileStore } from './fileStore.js';
import { ownName, withToken } from './guard.js';
import { JobQueue } from './jobQueue.js';
import { probeAll } from './probeAll.js';
import { type AgentInfo, agentJobSchema } from './protocol.js';

/** Options of `startAgent`. */
export interface AgentOptions {
  /** Where files and jobs are kept. */
  data: string;
  /** Whoever has it may measure here. At least 16 characters. */
  token: string;
  /** Default `127.0.0.1`: this machine alone. */
  host?: string | undefined;
  /** Default 7070; 0 takes any that is free. */
  port?: number | undefined;
  /** Most bytes of stored files. Default 10 GB. */
  quotaBytes?: number | undefined;
  /** Default: all of this machine. */
  targets?: readonly Target[] | undefined;
}

/** Defaults of `startAgent`. */
export const AGENT_DEFAULTS = { host: '127.0.0.1', port: 7070, quotaBytes: 10e9 } as const;

/** An agent that runs. */
export interface Agent {
  url: string;
  /** Stops measuring; a job that runs is interrupted. */
  close(): Promise<void>;
}

const LEAST_TOKEN = 16;
const HASH = /^[0-9a-f]{64}$/;
const JOB_ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
const STATUS: Partial<Record<string, ContentfulStatusCode>> = { limit: 507, 'invalid-argument': 409 };

/**
 * Lets others measure models on this machine, over HTTP: files go up by content hash and resume where they stopped, jobs have names that their senders
 * choose, run one at a time, and outlive the agent. Everything but `/healthz` needs the token.
 *
 * @throws SnpError `invalid-argument` if the token is too short, `io` if the folder or the port cannot be used.
 * @example
 * const agent = await startAgent({ data: '/var/lib/snp', token: process.env.SNP_AGENT_TOKEN ?? '' });
 * console.log(agent.url);
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { data, token, host = AGENT_DEFAULTS.host, port = AGENT_DEFAULTS.port } = options;
  if (token.length < LEAST_TOKEN)
    throw new SnpError('invalid-argument', `The token must have at least ${LEAST_TOKEN} characters.`);
  const targets = options.targets ?? localTargets();
  const files = new FileStore(join(data, 'files'), options.quotaBytes ?? AGENT_DEFAULTS.quotaBytes);
  const jobs = new JobQueue(join(data, 'jobs'), files, targets);
  await privateFolder(data);
  try {
    await files.open();
    await jobs.open();
  } catch (cause) {
    throw new SnpError('io', `${data} cannot be used: ${(cause as Error).message}.`, { file: data }, { cause });
  }
  const app = appOf({ host, token }, targets, files, jobs);
  const server = await listen(app, host, port);
  const address = server.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    async close() {
      server.close();
      (server as { closeAllConnections?(): void }).closeAllConnections?.();
      await jobs.close();
      for (const target of targets) await target.close?.();
    },
  };
}

function appOf(
  { host, token }: { host: string; token: string },
  targets: readonly Target[],
  files: FileStore,
  jobs: JobQueue,
): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (!(error instanceof SnpError)) return context.json({ error: 'internal', message: 'The agent failed.' }, 500);
    return context.json({ error: error.code, message: error.message }, STATUS[error.code] ?? 500);
  });
  app.notFound((context) => context.json({ error: 'not-found', message: 'There is nothing here.' }, 404));
  app.use(ownName(host));
  app.get('/healthz', (context) => context.text('ok'));
  app.use(withToken(token));
  let probes: Promise<AgentInfo['targets']> | undefined;
  app.get('/', async (context) => {
    probes ??= probeAll(targets);
    const storage = { usedBytes: await files.usedBytes(), quotaBytes: files.quotaBytes };
    return context.json({ agent: 'snp', version: 1, targets: await probes, storage } satisfies AgentInfo);
  });
  app.get('/files/:hash', async (context) => context.json(await files.find(hashOf(context.req.param('hash')))));
  app.patch('/files/:hash', async (context) => {
    const [offset, total] = ['upload-offset', 'upload-length'].map((name) =>
      wholeNumber(context.req.header(name), name),
    );
    const content = context.req.raw.body;
    if (!content) throw new SnpError('invalid-argument', 'The upload has no content.');
    return context.json(await files.append(hashOf(context.req.param('hash')), offset, total, chunksOf(content)));
  });
  app.get('/jobs', (context) => context.json(jobs.list().map(({ result: _, ...state }) => state)));
  app.put('/jobs/:id', bodyLimit({ maxSize: 2 ** 20 }), async (context) => {
    const body = await context.req.json().catch(() => undefined);
    const { data: job, error } = agentJobSchema.safeParse(body);
    if (!job) {
      const [issue] = error.issues;
      return context.json(
        { error: 'invalid-argument', message: `${issue.path.join('.') || 'The job'}: ${issue.message}` },
        400,
      );
    }
    return context.json(await jobs.submit(idOf(context.req.param('id')), job));
  });
  app.get('/jobs/:id', (context) => {
    const state = jobs.find(context.req.param('id'));
    return state ? context.json(state) : context.notFound();
  });
  app.delete('/jobs/:id', async (context) =>
    (await jobs.remove(context.req.param('id'))) ? context.body(null, 204) : context.notFound(),
  );
  return app;
}

function listen(app: Hono, hostname: string, port: number): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname, port }, () => resolve(server));
    server.on('error', (cause: Error) =>
      reject(new SnpError('io', `Port ${port} of ${hostname} cannot be used: ${cause.message}.`, {}, { cause })),
    );
  });
}

function hashOf(text: string): string {
  if (HASH.test(text)) return text;
  throw new SnpError('invalid-argument', 'Files are named by their SHA-256, 64 hexadecimal digits.');
}

function idOf(text: string): string {
  if (JOB_ID.test(text)) return text;
  throw new SnpError('invalid-argument', 'Names of jobs are letters, digits and dashes, at most 64.');
}

function wholeNumber(text: string | undefined, name: string): number {
  const value = Number(text);
  if (text !== undefined && Number.isSafeInteger(value) && value >= 0) return value;
  throw new SnpError('invalid-argument', `The header ${name} must be a whole number.`);
}
