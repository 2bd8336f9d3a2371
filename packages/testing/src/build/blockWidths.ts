import { SnpError } from '@snp/onnx';

/** Widths of one Transformer block. */
export interface BlockWidths {
  /** Query (and key) neurons per head. */
  readonly queryKey: number;
  /** Value neurons per head. */
  readonly value: number;
  /** Hidden neurons of the feed-forward network. */
  readonly ffn: number;
}

/**
 * The widths of each of `depth` blocks.
 *
 * @throws SnpError `invalid-argument` if a list of another length is given, or a width is no positive whole number.
 */
export function widthsOfBlocks(depth: number, blocks: BlockWidths | readonly BlockWidths[]): BlockWidths[] {
  const list = 'queryKey' in blocks ? Array.from({ length: depth }, () => blocks) : [...blocks];
  if (list.length !== depth) {
    throw new SnpError('invalid-argument', `A model of depth ${depth} has ${depth} blocks, not ${list.length}.`);
  }
  for (const [index, widths] of list.entries()) {
    for (const [name, width] of Object.entries(widths)) {
      if (Number.isInteger(width) && width > 0) continue;
      throw new SnpError('invalid-argument', `Block ${index}: ${name} is ${width}. Give a positive whole number.`);
    }
  }
  return list;
}
