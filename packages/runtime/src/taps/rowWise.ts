import { dimsEqual, isMeanOverLastAxis, isPointwise, type Node, type ShapeInfo, type Value } from '@snp/onnx';

/** Operators that normalise along the last axis. */
const NORMS: ReadonlySet<string> = new Set([
  'LayerNormalization',
  'RMSNormalization',
  'SimplifiedLayerNormalization',
  'com.microsoft.SkipLayerNormalization',
  'com.microsoft.SkipSimplifiedLayerNormalization',
]);

/** True of a node that picks places along an axis in front of the last. */
export function gathersRows(node: Node, shapes: ShapeInfo): boolean {
  const rank = node.inputs[0] && shapes.shape(node.inputs[0])?.length;
  if (node.op !== 'Gather' || !rank) return false;
  const axis = node.int('axis', 0);
  return (axis < 0 ? axis + rank : axis) < rank - 1;
}

/**
 * The computed inputs of a node that works on each row, all along the last axis, by itself: what it gives for some rows is then what it gives, of all, for those. Undefined
 * for other nodes and where shapes do not tell.
 */
export function rowInputs(node: Node, shapes: ShapeInfo): Value[] | undefined {
  const [output, ...others] = node.outputs;
  const own = output && shapes.shape(output);
  if (!own || own.length < 2 || others.some((value) => value !== undefined)) return undefined;
  const inputs = node.inputs.filter((input) => input !== undefined);
  const computed = inputs.filter(({ tensor }) => !tensor);
  const constants = inputs.flatMap(({ tensor }) => tensor ?? []);
  const ofSameRows = computed.every((input) => {
    const shape = shapes.shape(input);
    return shape?.length === own.length && own.slice(0, -1).every((dim, axis) => dimsEqual(dim, shape[axis]));
  });
  if (computed.length === 0 || !ofSameRows) return undefined;
  // What has more axes would add them to fewer rows.
  const perFeature = constants.every(({ dims }) => dims.length <= 1);
  const lastAxis = node.int('axis', -1) === -1;
  const fits =
    ((isPointwise(node) || node.op === 'Cast') && perFeature) ||
    (NORMS.has(node.op) && perFeature && lastAxis) ||
    (node.op === 'MatMul' && !node.inputs[0]!.tensor && constants[0]?.dims.length === 2) ||
    isMeanOverLastAxis(node);
  return fits ? computed : undefined;
}
