import { SnpError } from '@snp/onnx';
import type { Figures } from '../figures.js';
import type { Trainable } from '../graph/trainable.js';
import type { Checkpoint, RunIdentity } from './checkpoint.js';

/** The student's loss may differ by so much of itself between machines. */
const TOLERANCE = 1e-3;

/** Names of what a run is told by, as people give them. */
const WORDS: Readonly<Record<Exclude<keyof RunIdentity, 'samples' | 'losses'>, string>> = {
  epochs: 'epochs',
  time: 'time',
  rate: 'rate',
  batchSize: 'batch',
  parts: 'number of parts of a batch',
  augment: 'augmentation',
  seed: 'seed',
  heldBack: 'share that is held back',
  temperature: 'temperature',
  weightDecay: 'weight decay',
  clip: 'clip',
  labels: 'share of labels',
};

/**
 * Checks that a run that is about to begin is the one that a checkpoint is of.
 *
 * @throws SnpError `invalid-argument` saying what is different.
 */
export function checkResumable(
  { run, progress, numbers }: Checkpoint,
  now: { run: RunIdentity; before: Figures; weights: readonly Trainable[] },
): void {
  const fail = (what: string): never => {
    throw new SnpError(
      'invalid-argument',
      `The checkpoint is of another run: ${what}. Give the same options, or begin anew.`,
    );
  };
  for (const name of Object.keys(WORDS) as (keyof typeof WORDS)[]) {
    const [then, given] = [run[name] ?? 'none', now.run[name] ?? 'none'];
    if (then !== given) fail(`its ${WORDS[name]} was ${then}, now it is ${given}`);
  }
  if (JSON.stringify(run.losses) !== JSON.stringify(now.run.losses)) fail('it had other losses');
  if (run.samples !== now.run.samples) fail('its data were others');
  if (!(Math.abs(progress.before.loss - now.before.loss) <= TOLERANCE * progress.before.loss))
    fail(
      `its student began with a loss of ${progress.before.loss}, this one begins with ${now.before.loss}: the student or the teacher is another`,
    );
  for (const { name, tensor } of now.weights)
    for (const kind of ['weight', 'first', 'second', 'average', ...(progress.best ? ['best'] : [])])
      if (numbers.get(`${kind}/${name}`)?.length !== tensor.size) fail(`it holds nothing that fits '${name}'`);
}
