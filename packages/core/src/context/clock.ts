import { throwIfAborted } from '@snp/runtime';
import type { OnProgress, Step } from './progress.js';

/** Times the steps of a pruning and reports them; none begins after its caller has stopped. */
export class Clock {
  readonly seconds: Record<string, number> = {};

  constructor(
    private readonly onProgress: OnProgress | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async time<T>(
    step: Step,
    work: (progress: (done: number, total: number | undefined) => void) => Promise<T>,
  ): Promise<T> {
    const start = performance.now();
    this.onProgress?.({ step, done: 0, total: undefined });
    throwIfAborted(this.signal);
    const result = await work((done, total) => this.onProgress?.({ step, done, total }));
    this.seconds[step] = (this.seconds[step] ?? 0) + (performance.now() - start) / 1000;
    return result;
  }
}
