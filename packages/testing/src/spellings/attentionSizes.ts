/** How many heads an attention has, and how wide they are. */
export interface AttentionSizes {
  readonly heads: number;
  /** Heads of keys and values, a divisor of `heads`. */
  readonly keyHeads: number;
  /** Neurons of each head in queries and keys, and in values. */
  readonly queryKey: number;
  readonly value: number;
}
