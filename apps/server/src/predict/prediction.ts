import type { z } from '@hono/zod-openapi';
import type { predictionSchema, staticTarget } from '../api/analysis.js';

/** What a target would cost. */
export type Prediction = z.infer<typeof predictionSchema>;

/** What is to be predicted. */
export interface PredictionRequest {
  target: z.infer<typeof staticTarget>;
  round?: number | undefined;
  least?: Record<string, number> | undefined;
}

/** Files that a prediction is made from. */
export interface PredictionFiles {
  /** Of the model, with its data files beside it. */
  model: string;
  /** Of the curves that a calibration made. */
  curves?: string | undefined;
}

/** What the predictor's process is asked. */
export interface PredictorQuestion {
  id: number;
  files: PredictionFiles;
  request: PredictionRequest;
}

/** What it says. */
export type PredictorAnswer =
  | { id: number; prediction: Prediction }
  | { id: number; failed: { code: string; message: string } };
