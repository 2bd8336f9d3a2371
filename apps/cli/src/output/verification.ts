import type { PruneReport } from '@snp/core';

/** What was proven about the result, or that nothing was. */
export function verificationLine({ verified }: PruneReport): string {
  if (!verified) return 'not verified, as was asked for';
  const { difference, tolerance, inputs } = verified;
  return `verified on ${inputs === 'data' ? 'calibration samples' : 'random inputs'}: equals the masked original (largest difference ${difference.toExponential(1)}, tolerance ${tolerance})`;
}
