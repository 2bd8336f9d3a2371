import { SnpError } from '@snp/onnx';

/** What onnxruntime did not do, in its own words without source places. */
export function refusal(message: string): SnpError {
  if (message.includes("Cannot find package 'onnxruntime-node'")) {
    return new SnpError(
      'runtime',
      "onnxruntime-node is not installed. Install it beside this package: 'npm install onnxruntime-node'.",
    );
  }
  const text = message
    .replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /, '')
    .replace(/\/\S+\.(cc|h):\d+ \S+ /g, '')
    .trim();
  return new SnpError('runtime', `onnxruntime refused: ${text}`, {}, { cause: message });
}
