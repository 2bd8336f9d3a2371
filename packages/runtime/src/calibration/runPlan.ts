import type { TensorInfo } from '../session/runtime.js';
import type { Sample } from './calibration.js';

/** How samples like one go into a model. */
export interface RunPlan {
  /** Samples per run. */
  size: number;
  /** Whether the model takes no other number. */
  fixed: boolean;
  /** Inputs of which every sample has its own row; a run has the others but once. */
  stacked: ReadonlySet<string>;
}

/**
 * A model that states how many samples it takes, as `[2, 16, 32]` for samples `[1, 16, 32]`, takes that many; one whose first dimensions are all free, as many as are given. Others take one
 * at a time, and so they do samples that are no single rows: as of `[tokens, batch, channels]`.
 *
 * @param most Samples per run where their number is free.
 */
export function runPlan({ feeds }: Sample, inputs: readonly TensorInfo[], most: number): RunPlan {
  const isRow = ({ name }: TensorInfo) => feeds[name].dims[0] === 1;
  const rows = inputs.filter(isRow);
  const names = (some: readonly TensorInfo[]) => new Set(some.map(({ name }) => name));
  const stated = rows.flatMap(({ dims: [first] }) => (typeof first === 'number' && first !== 1 ? [first] : []));
  if (stated.length > 0)
    return { size: stated[0], fixed: true, stacked: names(rows.filter(({ dims: [first] }) => first !== 1)) };
  const free =
    rows.length === inputs.length && inputs.every(({ dims }) => typeof dims[0] !== 'number' && dims.length > 0);
  return { size: free ? most : 1, fixed: false, stacked: names(inputs) };
}
