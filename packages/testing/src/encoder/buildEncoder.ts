import { dataTypeCode, type Model, type Value } from '@snp/onnx';
import type { BlockWidths } from '../build/blockWidths.js';
import { gelu } from '../build/gelu.js';
import { encoderAttention } from './encoderAttention.js';
import { type EncoderOptions, resolveEncoder } from './encoderOptions.js';
import { EncoderWriter } from './encoderWriter.js';

/** What is added to the scores of masked tokens: far enough below all scores to leave nothing after the softmax. */
const MASKED = -10000;

/**
 * A BERT-like encoder with random weights in any of the forms exporters write. Inputs `input_ids` and `attention_mask`
 * (1 for tokens that count), both INT64 [batch, sequence]; output `logits` [batch, sequence, labels]; batch and sequence
 * are dynamic. BERT (Devlin et al., arXiv 1810.04805) without segment embeddings and pooler.
 *
 * @throws SnpError `invalid-argument` for options that contradict each other.
 * @example
 * const sizes = { vocabulary: 50, positions: 16, residual: 24, depth: 2, heads: 3, labels: 4 };
 * const model = buildEncoder({ ...sizes, blocks: { queryKey: 8, value: 8, ffn: 40 }, linear: 'gemm', biases: 'identity' });
 */
export function buildEncoder(options: EncoderOptions): Model {
  const encoder = resolveEncoder(options);
  const writer = new EncoderWriter(encoder);
  const { builder } = writer;
  const ids = builder.input('input_ids', 'INT64', ['batch', 'sequence']);
  const attended = builder.input('attention_mask', 'INT64', ['batch', 'sequence']);

  const mask = scoreMask(writer, attended);
  const tokens = writer.weights.normals('embeddings.word.weight', encoder.vocabulary * encoder.residual, 1);
  const table = builder.weight('embeddings.word.weight', [encoder.vocabulary, encoder.residual], tokens);
  let stream = embedding(writer, ids, table);
  for (const [index, widths] of encoder.blocks.entries())
    stream = block(writer, `layer.${index}`, stream, mask, widths);
  if (encoder.order === 'pre-norm') stream = writer.norm('norm', stream);

  const { labels } = encoder;
  const logits =
    labels === 'tied' ? tiedHead(writer, stream, table) : writer.linear('head', stream, encoder.residual, labels);
  builder.output(logits, 'logits', 'FLOAT', ['batch', 'sequence', labels === 'tied' ? encoder.vocabulary : labels]);
  return builder.model;
}

/** 0 for tokens that count and a large negative number for the others: [batch, 1, 1, sequence]. */
function scoreMask({ builder }: EncoderWriter, attended: Value): Value {
  const spread = builder.op('', 'Unsqueeze', [attended, builder.ints('', [1, 2])]);
  const float = builder.op('', 'Cast', [spread], { to: dataTypeCode('FLOAT') });
  const inverted = builder.op('', 'Sub', [builder.float('', 1), float]);
  return builder.op('', 'Mul', [inverted, builder.float('', MASKED)]);
}

/** Token and position embeddings, the first positions taken as long as the sequence: [batch, sequence, residual]. */
function embedding(writer: EncoderWriter, ids: Value, table: Value): Value {
  const { builder, weights, encoder } = writer;
  const scope = '/embeddings';
  const words = builder.op(scope, 'Gather', [table, ids], { axis: 0 });

  const length = builder.op(scope, 'Gather', [builder.op(scope, 'Shape', [ids]), builder.ints(scope, [1])], {
    axis: 0,
  });
  const all = builder.table('embeddings.position_ids', [1, encoder.positions], [...Array(encoder.positions).keys()]);
  const [start, axis] = [builder.ints(scope, [0]), builder.ints(scope, [1])];
  const places = builder.op(scope, 'Slice', [all, start, length, axis]);

  const numbers = weights.normals('embeddings.position.weight', encoder.positions * encoder.residual, 1);
  const positions = builder.weight('embeddings.position.weight', [encoder.positions, encoder.residual], numbers);
  const sum = builder.op(scope, 'Add', [words, builder.op(scope, 'Gather', [positions, places], { axis: 0 })]);
  return encoder.order === 'post-norm' ? writer.norm('embeddings/norm', sum) : sum;
}

function block(writer: EncoderWriter, path: string, x: Value, mask: Value, widths: BlockWidths): Value {
  const { builder, encoder } = writer;
  const attend = (input: Value) => encoderAttention(writer, `${path}/attention`, input, mask, widths);
  const transform = (input: Value) => feedForward(writer, `${path}/ffn`, input, widths.ffn);
  if (encoder.order === 'pre-norm') {
    const middle = builder.op(`/${path}`, 'Add', [x, attend(writer.norm(`${path}/norm1`, x))]);
    return builder.op(`/${path}`, 'Add', [middle, transform(writer.norm(`${path}/norm2`, middle))]);
  }
  const middle = writer.norm(`${path}/norm1`, builder.op(`/${path}`, 'Add', [attend(x), x]));
  return writer.norm(`${path}/norm2`, builder.op(`/${path}`, 'Add', [transform(middle), middle]));
}

function feedForward(writer: EncoderWriter, path: string, x: Value, width: number): Value {
  const { builder, encoder } = writer;
  const hidden = writer.linear(`${path}/fc1`, x, encoder.residual, width);
  const active = gelu(builder, `/${path}/act`, hidden, encoder.gelu);
  return writer.linear(`${path}/fc2`, active, width, encoder.residual);
}

/** The logit of each token id: the stream times its embedding. */
function tiedHead(writer: EncoderWriter, stream: Value, table: Value): Value {
  const { builder, encoder } = writer;
  if (encoder.linear === 'gemm') {
    return writer.gemmTransposed('head', stream, [encoder.residual, encoder.vocabulary], table);
  }
  const columns = builder.op('/head', 'Transpose', [table], { perm: [1, 0] });
  return builder.op('/head', 'MatMul', [stream, columns]);
}
