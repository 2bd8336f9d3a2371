export { attentionRule } from './attention.js';
export { fusedAttentionRule } from './fusedAttention.js';
export { groupQueryAttentionRule } from './groupQueryAttention.js';
export { multiHeadAttentionRule } from './multiHeadAttention.js';
export { rotaryEmbeddingRule } from './rotaryEmbedding.js';
