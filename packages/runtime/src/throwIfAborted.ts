import { SnpError } from '@snp/onnx';

/** The error that says that a signal fired; its reason is the cause. */
export function abortedError(signal: AbortSignal | undefined): SnpError {
  return new SnpError('aborted', 'The work was stopped.', {}, { cause: signal?.reason });
}

/**
 * For work that can be stopped.
 *
 * @throws SnpError `aborted` if the signal has fired, with its reason as cause.
 * @example throwIfAborted(AbortSignal.timeout(1000));
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}
