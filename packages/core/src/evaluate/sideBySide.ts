import type { Model } from '@snp/onnx';
import { type Batch, batches, DEFAULT_BATCH_SIZE, type Feeds, type Session } from '@snp/runtime';
import { fittingFeeds } from '../data/emptyPast.js';
import type { AnswerOptions } from './answers.js';

/**
 * Runs models over the same batches, one after the other on each.
 *
 * @param fetches Outputs that are wanted of a model.
 * @param visit Given what each model answers, in their order.
 */
export async function sideBySide(
  models: readonly (Model | string)[],
  { runtime, data, batchSize = DEFAULT_BATCH_SIZE, signal, onProgress }: AnswerOptions,
  fetches: (session: Session) => readonly string[],
  visit: (outputs: readonly Feeds[], batch: Batch, sessions: readonly Session[]) => void | Promise<void>,
): Promise<void> {
  const sessions: Session[] = [];
  try {
    for (const model of models) sessions.push(await runtime.open(model, { signal }));
    let done = 0;
    for await (const batch of batches(data.samples(signal), batchSize, sessions[0].inputs)) {
      const outputs: Feeds[] = [];
      for (const session of sessions)
        outputs.push(
          await session.run(fittingFeeds(batch.feeds, session.inputs), { fetches: fetches(session), signal }),
        );
      await visit(outputs, batch, sessions);
      done += batch.samples.length;
      onProgress?.(done, data.count);
    }
  } finally {
    for (const session of sessions) await session.close();
  }
}
