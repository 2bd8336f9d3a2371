import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import type { HeldTensors } from './heldTensors.js';
import type { OrtSessionOptions } from './ort.js';
import type { SessionSettings } from './protocol.js';
import { RunningModel } from './runningModel.js';
import type { Feeds, Footprint } from './runtime.js';

type OnnxRuntimeNode = typeof import('onnxruntime-node');

/** A model that is open in this process, and what running it costs. */
export class OpenModel extends RunningModel {
  private constructor(
    private readonly onnxRuntime: OnnxRuntimeNode,
    private readonly settings: SessionSettings,
    held: HeldTensors,
    private readonly opened: InferenceSession,
    private readonly load: { loadMs: number; baseBytes: number },
  ) {
    super(onnxRuntime, opened, sessionOptions({ ...settings, profile: undefined }), held);
  }

  /** @param of.held What this process holds for all its models. */
  static async open(
    ort: OnnxRuntimeNode,
    path: string,
    { settings, held }: { settings: SessionSettings; held: HeldTensors },
  ): Promise<OpenModel> {
    const baseBytes = process.memoryUsage.rss();
    const start = performance.now();
    const session = await ort.InferenceSession.create(path, sessionOptions(settings));
    return new OpenModel(ort, settings, held, session, { loadMs: performance.now() - start, baseBytes });
  }

  /** Milliseconds of runs, one after the other. */
  time(feeds: Feeds, runs: number): Promise<Float64Array> {
    return this.inTurn(async () => {
      const run = this.prepared(feeds);
      const times = new Float64Array(runs);
      for (let at = 0; at < times.length; at++) {
        const start = performance.now();
        await run();
        times[at] = performance.now() - start;
      }
      return times;
    });
  }

  footprint(): Footprint {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const { versions } = this.onnxRuntime.env;
    return {
      ...this.load,
      peakBytes: 1024 * maxRSS,
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
      version: versions.node ?? versions.common,
    };
  }

  takeProfile(): string {
    this.opened.endProfiling();
    return newestWith(this.settings.profile);
  }
}

/** The file that onnxruntime gave a name beginning so. It does not tell which. */
function newestWith(prefix: string | undefined): string {
  if (prefix === undefined) throw new Error('the model was not opened to be profiled');
  const names = readdirSync(dirname(prefix)).filter((name) => name.startsWith(basename(prefix)));
  const last = names.sort().at(-1);
  if (!last) throw new Error(`onnxruntime wrote no profile to ${prefix}`);
  return join(dirname(prefix), last);
}

function sessionOptions(settings: SessionSettings): OrtSessionOptions {
  return {
    executionProviders: [...settings.executionProviders],
    graphOptimizationLevel: settings.optimization,
    ...(settings.threads !== undefined && { intraOpNumThreads: settings.threads }),
    ...(settings.profile !== undefined && { enableProfiling: true, profileFilePrefix: settings.profile }),
    logSeverityLevel: 3,
  };
}
