/**
 * Names of outputs that hold answers: keys and values that generation feeds back are none. All outputs, where there is nothing else. What is no tensor, such as a sequence, is left out.
 *
 * @param outputs Of a session or of a graph, in which outputs that are no tensors have no type.
 */
export function answerOutputs(outputs: readonly { readonly name: string; readonly type: unknown }[]): string[] {
  const tensors = outputs.filter(({ type }) => type !== undefined && type !== 'UNDEFINED');
  const names = tensors.map(({ name }) => name);
  const answers = names.filter((name) => !isCache(name));
  return answers.length > 0 ? answers : names;
}

/** As Optimum, transformers.js and onnxruntime-genai name them: `present.0.key`, `present_key_values_0`, `past_key_values.0.value`, `new_k_cache`. */
const isCache = (name: string) =>
  /(^|[^a-z])(present|past)([^a-z]|$)|key_values|kv_?cache|(key|value|[kv])_cache/i.test(name);
