import type { ShapeInfo, Value } from '@snp/onnx';
import type { LastLayer } from '../layers/branchLayers.js';
import type { Segment } from './segment.js';
import type { Streams } from './streams.js';

/** A branch of the pruned model that is refitted, with the streams of all samples on the way to its sum. */
export interface BranchPlace {
  layer: LastLayer;
  sum: Value;
  shapes: ShapeInfo;
  /** Where the streams are. */
  from: Value;
  /** From there to the sum, with the weights as they are. */
  segment(): Segment;
  /** The streams in front of the branch. */
  own: Streams;
  /** What they are to be behind it. */
  wanted: Streams;
}
