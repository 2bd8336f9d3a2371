// Runs models in a process of its own: a run blocks its event loop, and a crash of the runtime ends this process only.
import type { InferenceSession } from 'onnxruntime-node';
import { fromOrt, toOrt, typeOf } from './ortTensor.js';
import type { Request, Response, SessionSettings } from './protocol.js';
import { Sums } from './sums.js';

type Ort = typeof import('onnxruntime-node');

const sessions = new Map<number, InferenceSession>();
const sums = new Map<number, Sums>();
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
      const session = await ort.InferenceSession.create(request.path, sessionOptions(request.settings));
      sessions.set(request.session, session);
      sums.set(request.session, new Sums());
      return { inputs: describe(session.inputMetadata), outputs: describe(session.outputMetadata) };
    }
    case 'run': {
      const ort = await load();
      const session = sessions.get(request.session);
      if (!session) throw new Error('the model was closed');
      const feeds = Object.fromEntries(
        Object.entries(request.feeds).map(([name, tensor]) => [name, toOrt(ort, tensor)]),
      );
      const outputs = request.fetches ? await session.run(feeds, [...request.fetches]) : await session.run(feeds);
      const own = sums.get(request.session);
      for (const name of request.sums ?? []) own!.add(name, fromOrt(outputs[name]));
      const wanted = Object.entries(outputs).filter(([name]) => !request.sums?.includes(name));
      return Object.fromEntries(wanted.map(([name, tensor]) => [name, fromOrt(tensor)]));
    }
    case 'takeSum':
      return sums.get(request.session)!.take(request.name);
    case 'close':
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      sums.delete(request.session);
      return undefined;
  }
}

function sessionOptions(settings: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: [...settings.executionProviders],
    graphOptimizationLevel: settings.optimization,
    ...(settings.threads !== undefined && { intraOpNumThreads: settings.threads }),
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

process.on('message', (request: Request) => {
  answer(request).then(
    (result) => process.send?.({ id: request.id, result } satisfies Response),
    (error: unknown) =>
      process.send?.({
        id: request.id,
        error: error instanceof Error ? error.message : String(error),
      } satisfies Response),
  );
});
// The parent is gone: so is the reason to run.
process.on('disconnect', () => process.exit(0));
