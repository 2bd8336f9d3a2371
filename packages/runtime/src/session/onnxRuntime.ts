import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Model } from '@snp/onnx';
import { withTemporaryFolder, writeModel } from '@snp/onnx/node';
import { throwIfAborted } from '../throwIfAborted.js';
import { Child } from './child.js';
import { ONNX_RUNTIME_DEFAULTS, type OnnxRuntime, type OnnxRuntimeOptions } from './onnxRuntimeOptions.js';
import { optimized } from './optimized.js';
import type { SessionSettings } from './protocol.js';
import type { Feeds, Footprint, HoldingSession, MeasuredSession, Moments, RuntimeTensor, Session } from './runtime.js';

/**
 * onnxruntime-node in a child process, so that the event loop stays free and a crash of the runtime is an error like any
 * other. All models of one runtime share a child, which starts with the first model, ends soon after the last is closed,
 * and outlives this process by no more than the run it is at.
 *
 * @example
 * const session = await onnxRuntime().open('vit.onnx');
 * const { logits } = await session.run({ input: { type: 'FLOAT', dims: [1, 3, 224, 224], data } });
 * await session.close();
 */
export function onnxRuntime(options: OnnxRuntimeOptions = {}): OnnxRuntime {
  const settings: SessionSettings = { ...ONNX_RUNTIME_DEFAULTS, threads: undefined, profile: undefined, ...options };
  let child: Child | undefined;
  let next = 0;
  return {
    async open(model, { signal } = {}) {
      throwIfAborted(signal);
      const number = next++;
      return withPath(model, async (path) => {
        if (!child?.alive) child = new Child();
        const own = child;
        const open = (optimization: SessionSettings['optimization']) =>
          own.ask<Pick<Session, 'inputs' | 'outputs'>>(
            { kind: 'open', session: number, path, settings: { ...settings, optimization } },
            signal,
          );
        const { inputs, outputs } = await optimized(options.optimization, open, () => own.alive && !signal?.aborted);
        return sessionOf(own, number, { inputs, outputs });
      });
    },
  };
}

function sessionOf(
  child: Child,
  number: number,
  interfaces: Pick<Session, 'inputs' | 'outputs'>,
): MeasuredSession & HoldingSession {
  return {
    ...interfaces,
    run: (feeds, { signal, ...options } = {}) =>
      child.ask<Feeds>({ kind: 'run', session: number, feeds, ...options }, signal),
    time: (feeds, runs, { signal } = {}) =>
      child.ask<Float64Array>({ kind: 'time', session: number, feeds, runs }, signal),
    footprint: () => child.ask<Footprint>({ kind: 'footprint', session: number }),
    takeProfile: () => child.ask<string>({ kind: 'takeProfile', session: number }),
    takeSum: (name) => child.ask<RuntimeTensor>({ kind: 'takeSum', session: number, name }),
    takeMoments: (name) => child.ask<Moments>({ kind: 'takeMoments', session: number, name }),
    hold: (tensors) => child.ask<void>({ kind: 'hold', session: number, tensors }),
    held: (names) => child.ask<Feeds>({ kind: 'held', session: number, names }),
    async letGo(names) {
      if (child.alive) await child.ask({ kind: 'letGo', session: number, names });
    },
    async close() {
      if (child.alive) await child.ask({ kind: 'close', session: number });
    },
  };
}

/** Hands a model over as a file; bytes and graphs through a temporary one. */
async function withPath<T>(model: string | Uint8Array | Model, use: (path: string) => Promise<T>): Promise<T> {
  if (typeof model === 'string') return use(model);
  return withTemporaryFolder(async (folder) => {
    const path = join(folder, 'model.onnx');
    if (model instanceof Model) await writeModel(model, path, { durable: false });
    else await writeFile(path, model);
    return use(path);
  });
}
