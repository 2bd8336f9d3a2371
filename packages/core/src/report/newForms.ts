import type { Analysis } from '@snp/graph';
import { formatDim, type Value } from '@snp/onnx';
import type { NewForm } from './report.js';

/** Inputs and outputs that have become narrower. */
export function newForms(before: Analysis, after: Analysis): NewForm[] {
  const fed = ({ model }: Analysis) => model.graph.inputs.filter(({ tensor }) => !tensor);
  const given = ({ model }: Analysis) => model.graph.outputs;
  const compare = (role: NewForm['role'], of: (analysis: Analysis) => readonly Value[]) =>
    of(before).flatMap((value, at): NewForm[] => {
      const [old, own] = [shapeOf(before, value), shapeOf(after, of(after)[at])];
      const narrower = old?.some((dim, axis) => typeof dim === 'number' && dim !== own?.[axis]);
      return old && own && narrower ? [{ name: value.name, role, before: old, after: own }] : [];
    });
  return [...compare('input', fed), ...compare('output', given)];
}

function shapeOf({ shapes }: Analysis, value: Value | undefined): (number | string)[] | undefined {
  const shape = value && shapes.shape(value);
  return shape?.map((dim) => (typeof dim === 'number' ? dim : formatDim(dim)));
}
