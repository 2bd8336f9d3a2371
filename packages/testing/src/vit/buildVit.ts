import type { Model, Value } from '@snp/onnx';
import type { BlockWidths } from '../build/blockWidths.js';
import { gelu } from '../build/gelu.js';
import { vitAttention } from './vitAttention.js';
import { resolveVit, type VitOptions } from './vitOptions.js';
import { VitWriter } from './vitWriter.js';

/** Colour channels of the picture. */
const CHANNELS = 3;

/**
 * A Vision Transformer of exactly DeiT's architecture (Touvron et al., arXiv 2012.12877) with random weights, in the form a
 * straightforward PyTorch model of these widths exports to: input `input` [batch, 3, image, image], output `logits`
 * [batch, classes], the batch dynamic. In the `separate` form it is the yard-stick for the speed of pruned models.
 *
 * @throws SnpError `invalid-argument` for sizes that contradict each other.
 * @example
 * const model = buildVit(DEIT_TINY);
 * const pruned = buildVit({ ...DEIT_TINY, residual: 153, blocks: { queryKey: 32, value: 48, ffn: 614 }, qkv: 'separate', scaleWidth: 64 });
 */
export function buildVit(options: VitOptions): Model {
  const vit = resolveVit(options);
  const writer = new VitWriter(vit);
  const { builder } = writer;
  const pictures = builder.input('input', 'FLOAT', ['batch', CHANNELS, vit.image, vit.image]);

  let stream = embedding(writer, pictures);
  for (const [index, widths] of vit.blocks.entries()) stream = block(writer, index, stream, widths);

  const normed = writer.norm('/norm', 'norm', stream);
  const token = builder.op('', 'Gather', [normed, builder.int('', 0)], { axis: 1 });
  builder.output(head(writer, token), 'logits', 'FLOAT', ['batch', vit.classes]);
  return builder.model;
}

/** Patches as tokens behind the class token, positions added: [batch, 1 + patches, residual]. */
function embedding(writer: VitWriter, pictures: Value): Value {
  const { builder, weights, vit } = writer;
  const scope = '/patch_embed';
  const area = CHANNELS * vit.patch ** 2;
  const matrix = weights.matrix('patch_embed.proj.weight', area, vit.residual);
  const kernel = builder.weight('patch_embed.proj.weight', [vit.residual, CHANNELS, vit.patch, vit.patch], matrix);
  const bias = weights.bias('patch_embed.proj.bias', vit.residual);
  const patches = builder.op(
    `${scope}/proj`,
    'Conv',
    [pictures, kernel, builder.weight('patch_embed.proj.bias', [vit.residual], bias)],
    {
      kernel_shape: [vit.patch, vit.patch],
      strides: [vit.patch, vit.patch],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      group: 1,
    },
  );
  const flat = builder.op(scope, 'Reshape', [patches, builder.ints(scope, [0, vit.residual, -1])]);
  const tokens = builder.op(scope, 'Transpose', [flat], { perm: [0, 2, 1] });

  const all = builder.op('', 'Concat', [classTokens(writer, tokens), tokens], { axis: 1 });
  const count = 1 + (vit.image / vit.patch) ** 2;
  const positions = weights.normals('pos_embed', count * vit.residual, vit.scale);
  return builder.op('', 'Add', [all, builder.weight('pos_embed', [1, count, vit.residual], positions)]);
}

/** The class token once per picture: [batch, 1, residual]. */
function classTokens({ builder, weights, vit }: VitWriter, tokens: Value): Value {
  const token = weights.normals('cls_token', vit.residual, vit.scale);
  const shape = builder.op('', 'Shape', [tokens]);
  const batch = builder.op('', 'Slice', [shape, builder.ints('', [0]), builder.ints('', [1]), builder.ints('', [0])]);
  const target = builder.op('', 'Concat', [batch, builder.ints('', [1, 1])], { axis: 0 });
  return builder.op('', 'Expand', [builder.weight('cls_token', [1, 1, vit.residual], token), target]);
}

function block(writer: VitWriter, index: number, stream: Value, widths: BlockWidths): Value {
  const { builder, vit } = writer;
  const [scope, name] = [`/blocks/blocks.${index}`, `blocks.${index}`];
  const attended = vitAttention(
    writer,
    `${scope}/attn`,
    `${name}.attn`,
    writer.norm(`${scope}/norm1`, `${name}.norm1`, stream),
    widths,
  );
  const middle = builder.op(scope, 'Add', [stream, attended]);
  const normed = writer.norm(`${scope}/norm2`, `${name}.norm2`, middle);
  const hidden = writer.linear(`${scope}/mlp/fc1`, `${name}.mlp.fc1`, normed, vit.residual, widths.ffn);
  const active = gelu(builder, `${scope}/mlp/act`, hidden, vit.gelu);
  const output = writer.linear(`${scope}/mlp/fc2`, `${name}.mlp.fc2`, active, widths.ffn, vit.residual);
  return builder.op(scope, 'Add', [middle, output]);
}

/** The classifier, a Gemm with its weight as [classes, residual]. */
function head({ builder, weights, vit }: VitWriter, token: Value): Value {
  const matrix = weights.matrix('head.weight', vit.residual, vit.classes);
  const weight = builder.weight('head.weight', [vit.classes, vit.residual], matrix);
  const bias = builder.weight('head.bias', [vit.classes], weights.bias('head.bias', vit.classes));
  return builder.op('/head', 'Gemm', [token, weight, bias], { alpha: { float: 1 }, beta: { float: 1 }, transB: 1 });
}
