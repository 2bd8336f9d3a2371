import { SnpError } from '@snp/onnx';
import type { RuntimeTensor, Sample } from '@snp/runtime';

/** The labels of a batch, -1 where a sample has none. */
export function labelsOf(samples: readonly Sample[]): RuntimeTensor {
  const data = BigInt64Array.from(samples, ({ label }) => BigInt(label ?? -1));
  return { type: 'INT64', dims: [samples.length], data };
}

/**
 * @param classes How many classes the model has scores for; undefined where it does not say.
 * @throws SnpError `calibration` if no sample has a label, or one that the model has no score for.
 */
export function checkLabels(samples: readonly Sample[], classes: number | undefined): void {
  if (samples.every(({ label }) => label === undefined))
    throw new SnpError(
      'calibration',
      "The data have no labels. Put pictures in a folder for each class, or give an .npz file with an array 'labels'.",
    );
  const beyond = samples.find(({ label }) => label !== undefined && !(label >= 0 && label < (classes ?? Infinity)));
  if (beyond)
    throw new SnpError(
      'calibration',
      `'${beyond.name}' has the label ${beyond.label}, but the model has ${classes} classes, counted from 0.`,
    );
}
