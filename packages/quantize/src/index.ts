export { type QuantizedModel, type QuantizeOptions, quantize } from './quantize.js';
export type { QuantizedWeight } from './quantizedWeight.js';
