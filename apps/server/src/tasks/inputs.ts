import type { Model } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { type Calibration, openCalibration, type Selection, tensorInputs } from '@snp/runtime';
import { PLACES } from './task.js';

/** Which samples of a data set, as the command says it. */
export interface SampleOptions extends Selection {
  preprocess?: string | undefined;
  /** Samples per run of the model. */
  batch?: number | undefined;
}

/** The model of a task. */
export function openTaskModel(): Promise<Model> {
  return readModel(PLACES.model);
}

/** The data set of a task, as inputs of its model. */
export function openTaskData(model: Model, options: SampleOptions): Promise<Calibration> {
  return openCalibration(PLACES.data, { ...options, inputs: tensorInputs(model) });
}
