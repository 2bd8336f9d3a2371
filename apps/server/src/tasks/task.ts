import type { BenchModel, BenchResult, Protocol } from '@snp/bench';
import type { JobProgress } from '../jobs/job.js';

/** Where a task's files lie, relative to the folder that it runs in. */
export const PLACES = {
  model: 'input/model/model.onnx',
  data: 'input/data',
  statistics: (at: number) => `input/statistics/${at}.safetensors`,
  output: 'output',
} as const;

/** Models that a task has made, to be measured on the device of its job. */
export interface MeasureRequest {
  models: BenchModel[];
  protocol: Protocol;
}

/** What a task tells and asks while it runs. */
export interface TaskContext {
  measure(request: MeasureRequest): Promise<BenchResult>;
  progress(progress: JobProgress): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

/** A file that a task made, in its output folder. */
export interface TaskFile {
  name: string;
  /** Media type. */
  type: string;
}

/** What came of a task. */
export interface TaskOutcome {
  /** JSON. */
  result: unknown;
  files: readonly TaskFile[];
}

/** Work in a process of its own. Its folder holds what it needs; all that leaves it is the outcome. */
export type TaskFunction<Options> = (options: Options, context: TaskContext) => Promise<TaskOutcome>;

/** What the process is told. */
export interface TaskRequest {
  name: string;
  options: unknown;
}

/** What the process says. */
export type TaskMessage =
  | { progress: JobProgress }
  | { log: { level: 'info' | 'warn' | 'error'; text: string } }
  | { measure: MeasureRequest }
  | { done: TaskOutcome }
  | { failed: { code: string; message: string } };

/** What a process is told that asked for a measurement: it asks for one at a time. */
export type TaskAnswer = { measured: BenchResult } | { notMeasured: { code: string; message: string } };

export const ONNX = 'application/octet-stream';
export const JSON_TYPE = 'application/json';
export const HTML = 'text/html; charset=utf-8';
