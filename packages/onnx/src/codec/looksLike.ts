const text = new TextDecoder('latin1');

/** What a file is, if it clearly is something else than ONNX, and what to do about it. */
export function looksLike(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'it is empty.';
  const head = text.decode(bytes.subarray(0, 64));
  const starts = (prefix: string) => head.startsWith(prefix);
  if (starts('version https://git-lfs')) return 'it is a Git LFS pointer. Run "git lfs pull" to get the model itself.';
  if (starts('PK\x03\x04')) return 'it is a zip archive (PyTorch checkpoints are). Export the model to ONNX first.';
  if (starts('\x80\x02') || starts('\x80\x04')) return 'it is a Python pickle. Export the model to ONNX first.';
  if (starts('\x89HDF')) return 'it is an HDF5 file (Keras weights). Export the model to ONNX first.';
  if (starts('\x89PNG') || starts('\xff\xd8\xff')) return 'it is a picture.';
  if (head.slice(4, 8) === 'TFL3') return 'it is a TensorFlow Lite model. Convert the model to ONNX first.';
  if (head.slice(4, 8) === 'ORTM')
    return 'it is in onnxruntime’s own format. Give the .onnx file that it was made from.';
  if (starts('GGUF')) return 'it is a GGUF file (llama.cpp). Export the model to ONNX from its original checkpoint.';
  if (starts('\x1f\x8b')) return 'it is compressed with gzip. Unpack it first.';
  if (/^\s*(<!doctype|<html|<\?xml)/i.test(head))
    return 'it is a web page. The download may have failed; get the file itself.';
  if (/^.{8}\{"/s.test(head)) return 'it is a safetensors file. Export the model to ONNX first.';
  if (/^\s*[{[]/.test(head)) return 'it is a text file (JSON).';
  if (/^[\t\n\r\x20-\x7e]{64}/.test(head)) return 'it is a text file. Give the .onnx file itself.';
  return undefined;
}
