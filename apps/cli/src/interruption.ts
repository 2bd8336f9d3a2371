import { removeUnfinished } from '@snp/onnx/node';
import { EXIT } from './output/exitCodes.js';

/** Ctrl-C and a signal to end, for work that has something to save. */
export interface Interruption {
  /** Fires at the first of them. At the second the command ends at once, as other commands do at the first. */
  readonly signal: AbortSignal;
  /** How the command ends after it; undefined: it was not interrupted. */
  readonly exitCode: number | undefined;
}

/** @param saves Whether there is something to save by now; else the command ends at once. */
export function interruption(saves: () => boolean): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  for (const [signal, code] of [
    ['SIGINT', EXIT.interrupted],
    ['SIGTERM', EXIT.terminated],
  ] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => {
      if (exitCode !== undefined || !saves()) {
        removeUnfinished();
        process.exit(code);
      }
      exitCode = code;
      controller.abort();
    });
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
  };
}
