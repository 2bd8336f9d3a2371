import { onnxRuntime, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import { apply, calibrateModel, prune, type Step } from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();
const model = smallVit({ depth: 2 });
const calibration = tensors(() => Array.from({ length: 20 }, (_, seed) => smallVitFeeds(seed)), { count: 20 });
const options = { budget: { macs: 0.7 }, calibration, runtime } as const;

/** Steps that some work goes through. */
async function stepsOf(work: (onProgress: (progress: { step: Step }) => void) => Promise<unknown>): Promise<Step[]> {
  const steps = new Set<Step>();
  await work(({ step }) => void steps.add(step));
  return [...steps];
}

describe('work that is stopped', () => {
  it('ends with an error of its own, whichever step it is at', async () => {
    const { plan } = await prune(model, options);
    const works = [
      (own: object) => prune(model, { ...options, ...own }),
      (own: object) => apply(model, plan, { calibration, runtime, ...own }),
      (own: object) => calibrateModel(model, { calibration, runtime, ...own }),
    ];
    for (const work of works) {
      const steps = await stepsOf((onProgress) => work({ onProgress }));
      expect(steps).toContain('calibrate');
      for (const at of steps) {
        const controller = new AbortController();
        const onProgress = ({ step }: { step: Step }) => step === at && controller.abort(new Error('enough'));
        const ended = await work({ onProgress, signal: controller.signal }).then(
          () => 'done',
          (error) => error.code ?? String(error),
        );
        expect(ended, at).toBe('aborted');
      }
    }
  });
});
