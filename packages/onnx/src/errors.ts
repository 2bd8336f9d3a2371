/**
 * What went wrong, as a word that programs can switch on.
 *
 * - `invalid-file`: not an ONNX file, truncated, or contradicting itself
 * - `external-data`: a tensor's data file is missing, too short, or outside the model's folder
 * - `unsupported`: valid, but more than this library knows, or than the platform offers
 * - `limit`: larger or deeper than the safety limits allow
 * - `invalid-argument`: the caller's option or value cannot be used
 * - `not-prunable`: the model holds nothing that could be pruned safely
 * - `plan-mismatch`: the plan is for another model, or names widths that do not exist
 * - `calibration`: calibration data are missing, unreadable or of the wrong shape
 * - `plugin`: a criterion or plug-in failed or broke its contract
 * - `runtime`: the inference runtime refused or failed
 * - `io`: a file could not be read or written
 * - `aborted`: the caller's AbortSignal fired
 */
export type SnpErrorCode =
  | 'invalid-file'
  | 'external-data'
  | 'unsupported'
  | 'limit'
  | 'invalid-argument'
  | 'not-prunable'
  | 'plan-mismatch'
  | 'calibration'
  | 'plugin'
  | 'runtime'
  | 'io'
  | 'aborted';

/** Where an error belongs: any part may be missing. */
export interface SnpErrorPlace {
  file?: string;
  node?: string;
  value?: string;
  group?: string;
}

/**
 * The one error class of all `@snp/*` packages. The message says what is wrong, where, and what to do about it.
 *
 * @example
 * try {
 *   decodeModel(bytes);
 * } catch (error) {
 *   if (error instanceof SnpError && error.code === 'invalid-file') console.error(error.message);
 * }
 */
export class SnpError extends Error {
  override readonly name = 'SnpError';

  constructor(
    readonly code: SnpErrorCode,
    message: string,
    readonly place: SnpErrorPlace = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
