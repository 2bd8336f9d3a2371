import type { Graph } from './graph.js';

/** A whole ONNX model. What has no field here (functions, training info, unknown fields) is kept in `proto`. */
export class Model {
  irVersion = 8;
  /** Operator-set version by domain; the default domain is `''`. */
  readonly opsets = new Map<string, number>();
  producerName = '';
  producerVersion = '';
  /** `metadata_props`. */
  readonly metadata = new Map<string, string>();
  /** The `ModelProto` this model was read from. */
  proto: object | undefined;

  constructor(readonly graph: Graph) {}

  /** Version of the default operator set (`ai.onnx`). */
  get opset(): number {
    return this.opsets.get('') ?? this.opsets.get('ai.onnx') ?? 1;
  }
}
