import { SnpError } from '@snp/onnx';
import { counted } from '@snp/pages';
import { type OnnxRuntimeOptions, onnxRuntime } from '@snp/runtime';
import { feedsOf } from '../target/feeds.js';
import type { OpenedModel, Probe, Target } from '../target/target.js';
import { tinyModel } from '../target/tinyModel.js';

/** Options of `onnxRuntimeTarget`. */
export interface OnnxRuntimeTargetOptions {
  /** Execution provider, by onnxruntime's name. Default `cpu`. */
  provider?: string | undefined;
  /** Threads within an operator. Default: onnxruntime's own choice, one per physical core. */
  threads?: number | undefined;
}

/**
 * onnxruntime-node on this machine, each model in a process of its own.
 *
 * @example
 * const target = onnxRuntimeTarget({ threads: 1 });
 * console.log(await target.probe());
 */
export function onnxRuntimeTarget({ provider = 'cpu', threads }: OnnxRuntimeTargetOptions = {}): Target {
  const settings: OnnxRuntimeOptions = { executionProviders: [provider], ...(threads !== undefined && { threads }) };
  return {
    name: threads === undefined ? provider : `${provider}-${threads}`,
    description: `onnxruntime-node, ${provider}${threads === undefined ? '' : `, ${counted(threads, 'thread')}`}`,
    probe: (options) => probe(settings, options?.signal),
    async open(model, { signal } = {}): Promise<OpenedModel> {
      const feeds = await feedsOf(model);
      const session = await onnxRuntime(settings).open(model.path, { signal });
      return {
        time: async (runs, options) => [...(await session.time(feeds, runs, options))],
        async footprint() {
          const { loadMs, baseBytes, peakBytes, cpuSeconds } = await session.footprint();
          return { loadMs, peakBytes: peakBytes - baseBytes, cpuSeconds };
        },
        close: () => session.close(),
      };
    },
  };
}

async function probe(settings: OnnxRuntimeOptions, signal: AbortSignal | undefined): Promise<Probe> {
  try {
    const session = await onnxRuntime(settings).open(tinyModel(), { signal });
    try {
      await session.time({ x: { type: 'FLOAT', dims: [1], data: new Float32Array(1) } }, 1, { signal });
      const { version } = await session.footprint();
      return { available: true, runtime: 'onnxruntime-node', version };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof SnpError) || error.code === 'aborted') throw error;
    return { available: false, reason: error.message.replace(/^onnxruntime refused: /, '').split('\n')[0] };
  }
}
