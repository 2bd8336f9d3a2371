import type { Analysis } from '@snp/graph';
import type { Calibration, Feeds, Session } from '@snp/runtime';
import { findInputs } from './findInputs.js';

/** Options of `inputsFor`. */
export interface InputsForOptions {
  /** Inputs to take the first one of. Default: random ones. */
  data?: Calibration | undefined;
  /** Sizes of free dimensions of random inputs, by name. */
  dims?: Readonly<Record<string, number>> | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * One sample for a model that is open: the first of some data, or a random one.
 *
 * @throws SnpError `invalid-argument` if there are no data and no random inputs are found that the model takes, with what to give.
 */
export async function inputsFor(
  { model, shapes }: Pick<Analysis, 'model' | 'shapes'>,
  session: Session,
  { data, dims, signal }: InputsForOptions = {},
): Promise<Feeds> {
  for await (const { feeds } of data?.samples(signal) ?? []) return feeds;
  const found = await findInputs(model, shapes, (feeds) => session.run(feeds, { signal }), { seed: 1, batch: 1, dims });
  return found.feeds;
}
