import { Graph, type Model, Tensor, type Value } from '@snp/onnx';
import { GraphBuilder } from '@snp/testing';
import type { Feeds } from '../../src/index.js';

/** A model that multiplies a matrix by itself as often as it is told to: runs of any length, and little data. */
export function slowModel(): Model {
  const builder = new GraphBuilder('slow');
  const start = builder.input('start', 'FLOAT', ['n', 'n']);
  const times = builder.input('times', 'INT64', []);
  const attributes = { body: { type: 'GRAPH' as const, value: squaring(builder.model.graph) } };
  const end = builder.op('', 'Loop', [times, undefined, start], attributes);
  builder.output(end, 'end', 'FLOAT', ['n', 'n']);
  return builder.model;
}

/** (turn, going, x) -> (going, x x / 256). */
function squaring(parent: Graph): Graph {
  const body = new Graph('squaring', parent);
  const input = (name: string, elementType: 'INT64' | 'BOOL' | 'FLOAT', shape: string[] = []): Value => {
    const value = body.addValue(name);
    value.type = { elementType, shape };
    body.inputs.push(value);
    return value;
  };
  const [, going, x] = [input('turn', 'INT64'), input('going', 'BOOL'), input('x', 'FLOAT', ['n', 'n'])];
  const share = body.addInitializer('share', Tensor.float32([], [1 / 256]));
  const output = (op: string, inputs: Value[], type = x.type): Value => {
    const [value] = body.addNode({ op, inputs, outputs: [`${op}_of_body`] }).outputs;
    value!.type = type;
    return value!;
  };
  const again = output('Identity', [going], going.type);
  body.outputs.push(again, output('Mul', [output('MatMul', [x, x]), share]));
  return body;
}

/** Ones of 256 x 256, which stay ones; a hundred turns take some tenths of a second. */
export function slowFeeds(times: number): Feeds {
  return {
    start: { type: 'FLOAT', dims: [256, 256], data: new Float32Array(256 * 256).fill(1) },
    times: { type: 'INT64', dims: [], data: BigInt64Array.of(BigInt(times)) },
  };
}
