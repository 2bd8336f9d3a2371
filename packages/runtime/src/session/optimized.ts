import { ONNX_RUNTIME_DEFAULTS } from './onnxRuntimeOptions.js';
import type { SessionSettings } from './protocol.js';

type Optimization = SessionSettings['optimization'];

/**
 * Opens a model with the graph optimisations that are wanted, or else with all of them, and with none where that is refused: onnxruntime's own rewrites break some models that it
 * runs without them, as where an intermediate value is looked at.
 */
export async function optimized<T>(
  wanted: Optimization | undefined,
  open: (optimization: Optimization) => Promise<T>,
  mayTryAgain: () => boolean = () => true,
): Promise<T> {
  if (wanted !== undefined) return open(wanted);
  return open(ONNX_RUNTIME_DEFAULTS.optimization).catch((refusal) => {
    if (!mayTryAgain()) throw refusal;
    return open('disabled').catch(() => Promise.reject(refusal));
  });
}
