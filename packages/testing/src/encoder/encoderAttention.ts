import { dataTypeCode, type Value } from '@snp/onnx';
import type { BlockWidths } from '../build/blockWidths.js';
import type { EncoderWriter, LinearPart } from './encoderWriter.js';

/**
 * Self-attention of `x` [batch, sequence, residual], the output projection included.
 *
 * @param mask [batch, 1, 1, sequence], added to the scores
 */
export function encoderAttention(
  writer: EncoderWriter,
  path: string,
  x: Value,
  mask: Value,
  widths: BlockWidths,
): Value {
  const { builder, encoder } = writer;
  const [flatQuery, flatKey, flatValue] = projections(writer, path, x, widths);
  const query = heads(writer, `${path}/query`, flatQuery, widths.queryKey, [0, 2, 1, 3]);
  const keyTransposed = heads(writer, `${path}/key`, flatKey, widths.queryKey, [0, 2, 3, 1]);
  const value = heads(writer, `${path}/value`, flatValue, widths.value, [0, 2, 1, 3]);

  const scope = `/${path}`;
  const product = builder.op(scope, 'MatMul', [query, keyTransposed]);
  const scores = builder.op(scope, 'Div', [product, divisor(writer, scope, query, widths)]);
  const masked = builder.op(scope, 'Add', [scores, mask]);
  const attention = builder.op(scope, 'Softmax', [masked], { axis: -1 });
  const mixed = builder.op(scope, 'MatMul', [attention, value]);

  const joined = encoder.heads * widths.value;
  const byToken = builder.op(scope, 'Transpose', [mixed], { perm: [0, 2, 1, 3] });
  return writer.linear(`${path}/output`, writer.reshape(path, byToken, [joined]), joined, encoder.residual);
}

/** Query, key and value of all heads: each [batch, sequence, heads x width]. */
function projections(writer: EncoderWriter, path: string, x: Value, { queryKey, value }: BlockWidths): Value[] {
  const { builder, encoder } = writer;
  const parts: LinearPart[] = [
    { path: `${path}/query`, outputs: encoder.heads * queryKey },
    { path: `${path}/key`, outputs: encoder.heads * queryKey },
    { path: `${path}/value`, outputs: encoder.heads * value },
  ];
  if (encoder.qkv === 'separate') {
    return parts.map((part) => writer.linear(part.path, x, encoder.residual, part.outputs));
  }
  const joined = writer.joinedLinear(`${path}/qkv`, x, encoder.residual, parts);
  const scope = `/${path}`;
  let start = 0;
  return parts.map(({ outputs }) => {
    const bounds = [builder.ints(scope, [start]), builder.ints(scope, [start + outputs])];
    start += outputs;
    return builder.op(scope, 'Slice', [joined, ...bounds, builder.ints(scope, [-1])]);
  });
}

function heads(writer: EncoderWriter, path: string, x: Value, width: number, perm: number[]): Value {
  const byHead = writer.reshape(path, x, [writer.encoder.heads, width]);
  return writer.builder.op(`/${path}`, 'Transpose', [byHead], { perm });
}

/** What scores are divided by: the root of the query/key width. */
function divisor({ builder, encoder }: EncoderWriter, scope: string, query: Value, { queryKey }: BlockWidths): Value {
  if (encoder.attentionScale === 'constant') {
    return builder.float(scope, Math.sqrt(encoder.scaleWidth ?? queryKey));
  }
  const shape = builder.op(scope, 'Shape', [query]);
  const width = builder.op(scope, 'Gather', [shape, builder.int(scope, -1)], { axis: 0 });
  return builder.op(scope, 'Sqrt', [builder.op(scope, 'Cast', [width], { to: dataTypeCode('FLOAT') })]);
}
