/** How commands end. The table in the README says the same. */
export const EXIT = {
  /** Done; warnings on stderr may say that a budget is met only in part. */
  done: 0,
  /** What was asked for cannot be done; the message says why and what to do. */
  error: 1,
  /** `verify` found a pruned model that differs from the masked original. */
  different: 2,
  /** `bench --compare` found a model that became slower. */
  slower: 3,
  /** `tune` found nothing better than its input, and wrote nothing. */
  noBetter: 4,
  /** Something unexpected. */
  internal: 70,
  /** Ctrl-C. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;
