/** First and second moments of what a layer reads of a group, over samples and tokens: of its units, each as often as it is read (`LinearReader.inputAt`). */
export interface SecondMoments {
  /** Rows that were summed: samples times tokens. */
  count: number;
  /** Sum of every input. */
  sums: Float64Array;
  /** Sums of products of every two inputs: the lower triangle of a symmetric matrix, row by row. See `triangleAt` of @snp/runtime. */
  products: Float64Array;
}

/** Sums of products of every two neurons of a head over samples and tokens, about zero. */
export interface PairMoments {
  /** Rows that were summed. */
  count: number;
  /** Per head the lower triangle of a symmetric matrix, row by row; row i belongs to the i-th position of the head at the site. */
  queries: Float64Array[];
  keys: Float64Array[];
}

/** Second moments of the residual stream behind its norms, before their scale and shift, in the order of the group's sites of role `input`. */
export type StreamMoments = SecondMoments[];

/** What the last layer of a branch gives, without its bias, beside the neurons that the last layer of a branch before it reads: sums over samples and tokens. */
export interface CrossMoments {
  /** Rows that were summed. */
  count: number;
  /** Sum of every neuron of the branch before. */
  inputs: Float64Array;
  /** Sum of every output of this branch. */
  outputs: Float64Array;
  /** Sums of products, [neurons, outputs]. */
  products: Float64Array;
}

/** What compensation knows of a group. */
export interface GroupMoments {
  /** Of value and hidden neurons. */
  secondMoments?: SecondMoments;
  /** Of query and key neurons. */
  pairMoments?: PairMoments;
  /** Of the residual stream. */
  streamMoments?: StreamMoments;
  /** Of a branch, beside the branches before it, the nearest first. */
  crossMoments?: CrossMoments[];
}
