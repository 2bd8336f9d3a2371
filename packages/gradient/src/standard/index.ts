import type { Model } from '@snp/onnx';

/** Writes operators that stand for several, out in standard ones, in place. */
export function writeOut(_model: Model): void {}
