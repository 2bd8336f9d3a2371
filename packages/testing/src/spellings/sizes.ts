/** Samples of a run, tokens of each, and tokens of what cross attention looks at. */
export const BATCH = 2;
export const TOKENS = 6;
export const MEMORY_TOKENS = 4;
/** Tokens of earlier runs, whose keys and values come in through inputs. */
export const PAST = 3;

/** Features of numeric inputs, and number of token ids. */
export const FEATURES = 5;
export const VOCABULARY = 11;
