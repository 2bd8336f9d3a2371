/** Options of `readModel`. */
export interface ReadModelOptions {
  /** Follow links from external data files out of the model's folder, as download caches need. Default false. */
  followLinks?: boolean;
  /** Largest model file to take into memory, in bytes (external data not counted). Default 2 GiB, protobuf's own limit. */
  maxBytes?: number;
}

/** Defaults of `readModel`. */
export const READ_MODEL_DEFAULTS = { followLinks: false, maxBytes: 2 ** 31 } as const;
