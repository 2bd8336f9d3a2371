import { SnpError } from '@snp/onnx';

/** True of a runtime's refusal to open or to run a model. */
export function isRefusal(error: unknown): error is SnpError {
  return error instanceof SnpError && error.code === 'runtime';
}
