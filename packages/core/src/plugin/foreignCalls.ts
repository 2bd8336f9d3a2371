import { SnpError } from '@snp/onnx';
import { described } from '../options/checkShape.js';

/** A call into code of someone else, for messages. */
export interface ForeignCall {
  /** `Criterion 'wanda'`. */
  readonly who: string;
  /** The function, as its author knows it: `score`. */
  readonly what: string;
  /** Id of the group that it is about. */
  readonly group?: string | undefined;
}

/** How calls of someone else's code end that do not end by themselves. */
export interface CallLimits {
  /** Milliseconds after which a promise counts as one that never settles. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** Default of `pluginTimeout`, in milliseconds: ten minutes for one call. */
export const PLUGIN_TIMEOUT = 600_000;

/** Longer ones a timer cannot wait. */
const LONGEST = 2 ** 31 - 1;

/** The limits that options ask for. */
export function callLimits(options: {
  pluginTimeout?: number | undefined;
  signal?: AbortSignal | undefined;
}): CallLimits {
  const { pluginTimeout: timeout = PLUGIN_TIMEOUT, signal } = options;
  if (typeof timeout === 'number' && timeout > 0 && timeout <= LONGEST) return { timeout, signal };
  throw new SnpError(
    'invalid-argument',
    `The time that a call of a plug-in may take must be milliseconds above 0 and at most ${LONGEST}, but is ${described(timeout)}.`,
  );
}

/** Calls someone else's function, and waits for its promise as long as the limits allow. */
export async function callForeign<T>(
  call: ForeignCall,
  limits: CallLimits,
  work: () => T | PromiseLike<T>,
): Promise<Awaited<T>> {
  const { timeout, signal } = limits;
  if (signal?.aborted) throw aborted(signal);
  const result = callNow(call, work);
  if (!isPromise(result)) return result as Awaited<T>;
  // It may have been the call itself that stopped the work.
  if (signal?.aborted) {
    Promise.resolve(result).catch(() => {});
    throw aborted(signal);
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(brokenContract(call, `did not end within ${seconds(timeout)}`)), timeout);
    stop = () => reject(aborted(signal));
    signal?.addEventListener('abort', stop, { once: true });
  });
  const answer = Promise.resolve(result).catch((cause) => {
    throw failed(call, cause);
  });
  try {
    return (await Promise.race([answer, ended])) as Awaited<T>;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop!);
  }
}

/** Calls someone else's function that must answer at once. */
function callNow<T>(call: ForeignCall, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw failed(call, cause);
  }
}

/** Calls someone else's function that must answer at once, with something that `is` accepts. */
export function callForValue<T>(call: ForeignCall, form: string, is: (value: unknown) => boolean, work: () => T): T {
  const value = callNow(call, work);
  if (is(value)) return value;
  throw brokenContract(call, `returned ${described(value)}`, `It must return ${form}.`);
}

/** The error for an answer that the contract does not allow. */
export function brokenContract({ who, what, group }: ForeignCall, did: string, wanted = ''): SnpError {
  const where = group === undefined ? '' : ` for group '${group}'`;
  return new SnpError('plugin', `${who} ${did} in ${what}${where}. ${wanted}`.trimEnd(), group ? { group } : {});
}

/** What was thrown, with the name of who threw it. That the caller stopped is nobody's fault. */
function failed({ who, what, group }: ForeignCall, cause: unknown): SnpError {
  if (cause instanceof SnpError && cause.code === 'aborted') return cause;
  const where = group === undefined ? '' : ` for group '${group}'`;
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  const place = { ...(cause instanceof SnpError && cause.place), ...(group !== undefined && { group }) };
  const message = `${who} failed in ${what}${where}: ${reason.replace(/\.$/, '')}.`;
  return new SnpError('plugin', message, place, { cause });
}

function aborted(signal: AbortSignal | undefined): SnpError {
  return new SnpError('aborted', 'The work was stopped.', {}, { cause: signal?.reason });
}

/** Whether something is a promise, of whichever kind. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

function seconds(milliseconds: number): string {
  return milliseconds >= 1000 ? `${Number((milliseconds / 1000).toFixed(1))} s` : `${milliseconds} ms`;
}
