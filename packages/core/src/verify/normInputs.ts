/** A norm over the last axis: which inputs are added up first, and which scale and shift the result. */
export interface NormInputs {
  summands: readonly number[];
  scale: number;
  shift?: number;
  /** The mean is taken away. */
  centring: boolean;
  /** Where an attribute does not say it. */
  epsilon: number;
}

/** Operators that are norms over the last axis. */
export const NORMS: Readonly<Record<string, NormInputs>> = {
  LayerNormalization: { summands: [0], scale: 1, shift: 2, centring: true, epsilon: 1e-5 },
  RMSNormalization: { summands: [0], scale: 1, centring: false, epsilon: 1e-5 },
  SimplifiedLayerNormalization: { summands: [0], scale: 1, centring: false, epsilon: 1e-5 },
  'com.microsoft.SkipLayerNormalization': { summands: [0, 1, 4], scale: 2, shift: 3, centring: true, epsilon: 1e-12 },
  'com.microsoft.SkipSimplifiedLayerNormalization': { summands: [0, 1, 3], scale: 2, centring: false, epsilon: 1e-12 },
  // Tables, of which rows are looked up.
  'com.microsoft.EmbedLayerNormalization': { summands: [2, 3, 4], scale: 5, shift: 6, centring: true, epsilon: 1e-12 },
};
