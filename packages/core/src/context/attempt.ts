import { isRefusal } from '@snp/runtime';
import type { Context } from './context.js';

/**
 * Does what pruning can do without. Where the runtime does not take a model that is made for it, that is a warning, and pruning goes on.
 *
 * @param missed What is not done, then, in a sentence without its end.
 */
export async function attempt<T>(
  { warn }: Pick<Context, 'warn'>,
  missed: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    warn(`${missed}: ${error.message}`);
    return undefined;
  }
}
