import { Model, SnpError } from '@snp/onnx';
import { throwIfAborted } from '../throwIfAborted.js';
import { bytesOf } from './bytesOf.js';
import { HeldTensors } from './heldTensors.js';
import { optimized } from './optimized.js';
import type { Ort, OrtSession, OrtSessionOptions } from './ort.js';
import type { SessionSettings } from './protocol.js';
import { refusal } from './refusal.js';
import { RunningModel } from './runningModel.js';
import type { HoldingRuntime, HoldingSession } from './runtime.js';

/** Options of `webRuntime`. */
export interface WebRuntimeOptions {
  /** Execution providers in order of preference: `wasm`, `webgpu`, `webnn`. Default `['wasm']`. */
  executionProviders?: readonly string[];
  /** Graph optimisations when a model is loaded. Default `all`, or `disabled` for a model that is refused with them. */
  optimization?: SessionSettings['optimization'];
}

/**
 * onnxruntime-web as a runtime: models are calibrated, differentiated, pruned and tuned in a browser. Runs take place where it is called, so that a page stays responsive where this is a
 * Web Worker, and a run that has begun ends before an abort is heeded.
 *
 * @param module The module `onnxruntime-web`, set up (`env.wasm`) as the page wants it.
 * @returns Models are opened from bytes or graphs. `open` throws SnpError `invalid-argument` for a path, `runtime` for what onnxruntime refuses.
 * @example
 * declare const ort: Ort; // import * as ort from 'onnxruntime-web'
 * declare const samples: Feeds[];
 * const runtime = webRuntime(ort);
 * const { report } = await prune(decodeModel(bytes), { budget: { macs: 0.6 }, calibration: tensors(samples), runtime });
 */
export function webRuntime(
  module: Ort,
  { executionProviders = ['wasm'], optimization }: WebRuntimeOptions = {},
): HoldingRuntime {
  const options: OrtSessionOptions = { executionProviders: [...executionProviders], logSeverityLevel: 3 };
  const ort = oneAtATime(module);
  // onnxruntime-web computes elsewhere and copies what it gives: nothing can be written over.
  const held = new HeldTensors(false);
  return {
    async open(model, { signal } = {}) {
      throwIfAborted(signal);
      if (typeof model === 'string')
        throw new SnpError('invalid-argument', 'A runtime in a browser opens no paths: give bytes or a model.');
      const bytes = model instanceof Model ? bytesOf(model) : model;
      const create = (graphOptimizationLevel: SessionSettings['optimization']) =>
        ort.InferenceSession.create(bytes, { ...options, graphOptimizationLevel });
      const session = await told(optimized(optimization, create));
      return sessionOf(new RunningModel(ort, session, options, held), held, ort);
    },
  };
}

/** Providers that compute on a GPU refuse a run while one of another session is going on. */
function oneAtATime({ InferenceSession, Tensor }: Ort): Ort {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const own = last.then(work);
    last = own.catch(() => undefined);
    return own;
  };
  const create = async (model: string | Uint8Array, options?: OrtSessionOptions): Promise<OrtSession> => {
    const session = await inTurn(() => InferenceSession.create(model as Uint8Array, options));
    return {
      inputMetadata: session.inputMetadata,
      outputMetadata: session.outputMetadata,
      run: (feeds, fetches) => inTurn(() => session.run(feeds, fetches)),
      release: () => inTurn(() => session.release()),
    };
  };
  return { InferenceSession: { create }, Tensor };
}

function sessionOf(model: RunningModel, held: HeldTensors, ort: Ort): HoldingSession {
  return {
    ...model.interfaces,
    run: async (feeds, { signal, ...options } = {}) => {
      throwIfAborted(signal);
      return told(model.run(feeds, options));
    },
    takeSum: (name) => told(model.takeSum(name)),
    takeMoments: (name) => told(model.takeMoments(name)),
    hold: async (tensors) => held.put(ort, tensors),
    held: (names) => told((async () => held.copies(names))()),
    letGo: async (names) => held.remove(names),
    close: () => told(model.close()),
  };
}

async function told<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error) => Promise.reject(refusal(error instanceof Error ? error.message : String(error))));
}
