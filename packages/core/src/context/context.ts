import type { Analysis } from '@snp/graph';
import type { Model } from '@snp/onnx';
import type { AnswerKind, Calibration, Runtime } from '@snp/runtime';
import type { Companion } from '../companions/companion.js';
import type { FingerprintedData } from '../data/fingerprinted.js';
import type { FoundUnits } from '../plugin/findUnits.js';
import type { CallLimits } from '../plugin/foreignCalls.js';
import type { Proof } from '../verify/proof.js';
import type { Clock } from './clock.js';

/** What every stage of a pruning may use. Stages change nothing of it: they tell the clock how far they are, and what is worth a warning. */
export interface Context {
  /** Name of the model, for reports. */
  readonly name: string;
  /** The model as it was given. */
  readonly original: Model;
  /** The model made ready (`prepare`), and what can leave it. */
  readonly analysis: Analysis;
  /** Hash of the prepared model with its weights, by which statistics know it; worked out once, when it is asked for. */
  readonly modelContent: () => string;
  /** Units beyond neurons, by the plug-ins that bring them. */
  readonly units: readonly FoundUnits[];
  /** Models that are pruned in step with this one. */
  readonly companions: readonly Companion[];
  /** Calibration samples to work from. */
  readonly data: FingerprintedData | undefined;
  /** Calibration samples that no stage sees, to compare answers on. */
  readonly held: Calibration | undefined;
  readonly runtime: Runtime;
  /** Samples per run of the model. */
  readonly batchSize: number | undefined;
  /** What the model's outputs are; undefined where their names say it. */
  readonly answers?: AnswerKind | undefined;
  readonly signal: AbortSignal | undefined;
  /** How long calls of others' code may take. */
  readonly limits: CallLimits;
  /** What results have to answer; undefined where nothing is to be proven. */
  readonly proof: Proof | undefined;
  readonly clock: Clock;
  /** Tells what a user should know of the result. */
  warn(message: string): void;
}
