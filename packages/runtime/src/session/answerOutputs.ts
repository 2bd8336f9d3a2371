/**
 * What the rows of a model's outputs are: `scores` of classes or tokens, of which the highest is the answer, or `embeddings` (hidden states too), of which directions and distances count.
 */
export type AnswerKind = 'scores' | 'embeddings';

/** All kinds of answers. */
export const ANSWER_KINDS = ['scores', 'embeddings'] as const satisfies readonly AnswerKind[];

/** What a model answers: the names of outputs of one kind. */
export interface AnswerOutputs {
  kind: AnswerKind;
  names: string[];
}

/**
 * The outputs that hold answers, and of which kind they are: the one rule for comparisons, figures and sensitivity. Keys and values that generation feeds back are no answers; what is no tensor, such as a
 * sequence, is left out. By names, as exporters give them, an output is an embedding (`last_hidden_state`, `pooler_output`, `sentence_embedding`, `image_embeds`, `features`), similarities between
 * samples (`logits_per_image`), which count where there is nothing else, or else scores. Where some outputs are scores, embeddings beside them are steps on the way and no answers.
 *
 * @param outputs Of a session or of a graph, in which outputs that are no tensors have no type.
 * @param given What all outputs are, whatever their names say.
 */
export function answerOutputs(
  outputs: readonly { readonly name: string; readonly type: unknown }[],
  given?: AnswerKind,
): AnswerOutputs {
  const tensors = outputs.filter(({ type }) => type !== undefined && type !== 'UNDEFINED');
  const all = tensors.map(({ name }) => name);
  const answers = all.filter((name) => !isCache(name));
  const names = answers.length > 0 ? answers : all;
  if (given) return { kind: given, names };
  const own = names.filter((name) => !isBetweenSamples(name));
  const embeddings = own.filter(isEmbedding);
  const scores = own.filter((name) => !isEmbedding(name));
  if (scores.length > 0) return { kind: 'scores', names: scores };
  return embeddings.length > 0 ? { kind: 'embeddings', names: embeddings } : { kind: 'scores', names };
}

/** As Optimum, transformers.js and onnxruntime-genai name them: `present.0.key`, `present_key_values_0`, `past_key_values.0.value`, `new_k_cache`. */
const isCache = (name: string) =>
  /(^|[^a-z])(present|past)([^a-z]|$)|key_values|kv_?cache|(key|value|[kv])_cache/i.test(name);

const isEmbedding = (name: string) => /embed|hidden|pool|feature/i.test(name) && !/logit|score|prob/i.test(name);

const isBetweenSamples = (name: string) => /_per_(image|text|audio|video)/i.test(name);
