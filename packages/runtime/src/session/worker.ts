// Runs models in a process of its own: a run blocks its event loop, and a crash of the runtime ends this process only.
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { MomentSums } from './momentSums.js';
import { fromOrt, toOrt, typeOf } from './ortTensor.js';
import { Parcels } from './parcels.js';
import type { Request, Response, SessionSettings } from './protocol.js';
import type { Feeds } from './runtime.js';
import { Sums } from './sums.js';

type Ort = typeof import('onnxruntime-node');

const sessions = new Map<number, InferenceSession>();
const loads = new Map<number, { ms: number; baseBytes: number; profile: string | undefined }>();
const sums = new Map<number, Sums>();
const moments = new Map<number, MomentSums>();
let runtime: Ort | undefined;

async function load(): Promise<Ort> {
  const module = await import('onnxruntime-node');
  runtime ??= (module.default ?? module) as Ort;
  return runtime;
}

async function answer(request: Request): Promise<Response['result']> {
  switch (request.kind) {
    case 'open': {
      const ort = await load();
      const baseBytes = process.memoryUsage.rss();
      const start = performance.now();
      const options = sessionOptions(request.settings);
      const session = await ort.InferenceSession.create(request.path, options);
      const { profile } = request.settings;
      loads.set(request.session, { ms: performance.now() - start, baseBytes, profile });
      sessions.set(request.session, session);
      sums.set(request.session, new Sums());
      moments.set(request.session, new MomentSums(ort, sessionOptions({ ...request.settings, profile: undefined })));
      return { inputs: describe(session.inputMetadata), outputs: describe(session.outputMetadata) };
    }
    case 'time': {
      const session = opened(request.session);
      const feeds = await ortFeeds(request.feeds);
      const times = new Float64Array(request.runs);
      for (let run = 0; run < times.length; run++) {
        const start = performance.now();
        await session.run(feeds);
        times[run] = performance.now() - start;
      }
      return times;
    }
    case 'footprint': {
      const { ms: loadMs, baseBytes } = loads.get(request.session)!;
      const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
      const { env } = await load();
      return {
        loadMs,
        baseBytes,
        peakBytes: 1024 * maxRSS,
        cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
        version: env.versions.node ?? env.versions.common,
      };
    }
    case 'takeProfile': {
      opened(request.session).endProfiling();
      return newestWith(loads.get(request.session)!.profile);
    }
    case 'run': {
      const session = opened(request.session);
      const feeds = await ortFeeds(request.feeds);
      const outputs = request.fetches ? await session.run(feeds, [...request.fetches]) : await session.run(feeds);
      for (const name of request.sums ?? []) sums.get(request.session)!.add(name, fromOrt(outputs[name]));
      for (const name of request.moments ?? []) await moments.get(request.session)!.add(name, outputs[name]);
      const added = new Set([...(request.sums ?? []), ...(request.moments ?? [])]);
      const wanted = Object.entries(outputs).filter(([name]) => !added.has(name));
      return Object.fromEntries(wanted.map(([name, tensor]) => [name, fromOrt(tensor)]));
    }
    case 'takeSum':
      return sums.get(request.session)!.take(request.name);
    case 'takeMoments':
      return moments.get(request.session)!.take(request.name);
    case 'close':
      await sessions.get(request.session)?.release();
      await moments.get(request.session)?.close();
      sessions.delete(request.session);
      sums.delete(request.session);
      moments.delete(request.session);
      return undefined;
  }
}

function opened(number: number): InferenceSession {
  const session = sessions.get(number);
  if (!session) throw new Error('the model was closed');
  return session;
}

/** The file that onnxruntime gave a name beginning so. It does not tell which. */
function newestWith(prefix: string | undefined): string {
  if (prefix === undefined) throw new Error('the model was not opened to be profiled');
  const names = readdirSync(dirname(prefix)).filter((name) => name.startsWith(basename(prefix)));
  const last = names.sort().at(-1);
  if (!last) throw new Error(`onnxruntime wrote no profile to ${prefix}`);
  return join(dirname(prefix), last);
}

async function ortFeeds(feeds: Feeds) {
  const ort = await load();
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(ort, tensor)]));
}

function sessionOptions(settings: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: [...settings.executionProviders],
    graphOptimizationLevel: settings.optimization,
    ...(settings.threads !== undefined && { intraOpNumThreads: settings.threads }),
    ...(settings.profile !== undefined && { enableProfiling: true, profileFilePrefix: settings.profile }),
    logSeverityLevel: 3,
  };
}

function describe(metadata: readonly InferenceSession.ValueMetadata[]) {
  return metadata.map((item) => ({
    name: item.name,
    type: item.isTensor ? typeOf(item.type) : ('UNDEFINED' as const),
    dims: item.isTensor ? item.shape.map((dim) => (dim === '' ? undefined : dim)) : [],
  }));
}

const folder = process.argv[2];
const parcels = new Parcels(folder, 'from');

process.on('message', async (request: Request) => {
  try {
    process.send?.({ id: request.id, result: parcels.pack(await answer(parcels.unpack(request))) } satisfies Response);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.send?.({ id: request.id, error: message } satisfies Response);
  }
});
// The parent is gone: so is the reason to run.
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
