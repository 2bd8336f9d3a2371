import { SnpError } from '../errors.js';
import type { Node } from '../ir/node.js';
import type { Dim } from '../shape/dim.js';
import type { ShapeInfo } from '../shape/inferShapes.js';
import { MAC_RULES } from './macRules.js';
import { NodeShapes, UnknownShape } from './nodeShapes.js';

/**
 * Multiply-accumulate operations of one run of one node, without those of its subgraphs: 0 for operators that are not counted, undefined where a shape
 * they depend on is not known. See `costOf` for what counts.
 */
export function nodeMacs(node: Node, shapes: ShapeInfo): Dim | undefined {
  const rule = MAC_RULES.get(node.op);
  if (!rule) return 0;
  try {
    return rule(new NodeShapes(node, shapes));
  } catch (error) {
    if (error instanceof UnknownShape || (error instanceof SnpError && error.code === 'limit')) return undefined;
    throw error;
  }
}
