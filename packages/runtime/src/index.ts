export type { Calibration, Sample, Skipped } from './calibration/calibration.js';
export type { Feeds, Runtime, RuntimeData, RuntimeTensor, Session, TensorInfo } from './session/runtime.js';
