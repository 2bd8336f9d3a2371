import { setTimeout } from 'node:timers/promises';
import { SnpError } from '@snp/onnx';
import { isConflict, isRefusedValue } from '../database/sqlState.js';
import { Failure } from '../failure.js';

/** Attempts where a database or a store is away for a moment. */
const ATTEMPTS = 30;

/**
 * Does a step of a job again and again while the database or the store is away: that ends no job. A step may be done already when its answer is lost, so that twice must be
 * as good as once.
 */
export async function persist<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || signal?.aborted || isHopeless(error)) throw error;
      await setTimeout(Math.min(5000, 100 * 2 ** attempt), undefined, { signal }).catch(() => undefined);
    }
  }
}

/** What is wrong with the work itself stays wrong. */
function isHopeless(error: unknown): boolean {
  return (
    error instanceof TypeError ||
    error instanceof Failure ||
    (error instanceof SnpError && error.code !== 'io') ||
    isRefusedValue(error) ||
    isConflict(error)
  );
}
