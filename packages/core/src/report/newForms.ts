import type { Analysis } from '@snp/graph';
import { formatDim, type Value } from '@snp/onnx';
import type { Calibration } from '@snp/runtime';
import { pastIsEmpty } from '../data/emptyPast.js';
import type { NewForm } from './report.js';

/** A model and the shapes of its values. */
type Shaped = Pick<Analysis, 'model' | 'shapes'>;

/** True if a narrowed model takes data that were made for the original. */
export async function takesData(
  data: Calibration,
  forms: readonly NewForm[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const inputs = forms.filter(({ role }) => role === 'input').map(({ name }) => name);
  return inputs.length === 0 || pastIsEmpty(data, inputs, signal);
}

/** Inputs and outputs that have become narrower. */
export function newForms(before: Shaped, after: Shaped): NewForm[] {
  const fed = ({ model }: Shaped) => model.graph.inputs.filter(({ tensor }) => !tensor);
  const given = ({ model }: Shaped) => model.graph.outputs;
  const compare = (role: NewForm['role'], of: (shaped: Shaped) => readonly Value[]) =>
    of(before).flatMap((value, at): NewForm[] => {
      const [old, own] = [shapeOf(before, value), shapeOf(after, of(after)[at])];
      const narrower = old?.some((dim, axis) => typeof dim === 'number' && dim !== own?.[axis]);
      return old && own && narrower ? [{ name: value.name, role, before: old, after: own }] : [];
    });
  return [...compare('input', fed), ...compare('output', given)];
}

function shapeOf({ shapes }: Shaped, value: Value | undefined): (number | string)[] | undefined {
  const shape = value && shapes.shape(value);
  return shape?.map((dim) => (typeof dim === 'number' ? dim : formatDim(dim)));
}
