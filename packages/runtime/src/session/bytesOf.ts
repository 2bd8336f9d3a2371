import { encodeModel, type Model } from '@snp/onnx';

/** A model as the content of a file. */
export function bytesOf(model: Model): Uint8Array {
  const chunks = encodeModel(model);
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
