import { type Analysis, fieldsOn, type Layout, strideOf } from '@snp/graph';
import type { Feeds, RuntimeData, RuntimeTensor } from '@snp/runtime';
import { checkPlan, type Plan, removedUnits } from '../plan/plan.js';
import { leavingLabels } from '../surgery/leavingLabels.js';
import { Shrinkage } from '../surgery/shrinkage.js';

/** How an input or output becomes narrower. */
interface Form {
  /** Whether the element at a place of a tensor of these dimensions stays. */
  stays(dims: readonly number[], at: number): boolean;
  /** The dimensions of what stays. */
  narrow(dims: readonly number[]): number[];
}

/**
 * Inputs and outputs of a model that a plan makes narrower: past keys and values. A pruned model is fed with the positions that stay of what the original
 * is fed with, and answers with the positions that stay of its answers. For any other plan all stays as it is.
 */
export class CacheForms {
  readonly #forms = new Map<string, Form>();

  /** @throws SnpError `plan-mismatch` if the plan is for another model. */
  constructor(analysis: Analysis, plan: Plan) {
    const whole = checkPlan(plan, analysis);
    const leaves = leavingLabels(analysis, (group) => removedUnits(whole, group));
    const { walk, model } = analysis;
    const shrinkage = new Shrinkage(walk, leaves);
    for (const value of [...model.graph.inputs, ...model.graph.outputs]) {
      const layout = walk.layouts.get(value);
      if (!layout?.fields.some(({ labels }) => labels.some(leaves))) continue;
      const shape = shrinkage.newShape(value);
      const labelled = layout.axes.map((axis) => fieldsOn(layout, axis).length > 0);
      this.#forms.set(value.name, {
        stays: staysIn(layout, leaves),
        narrow: (dims) => dims.map((dim, axis) => (labelled[axis] ? Number(shape[axis]) : dim)),
      });
    }
  }

  /** Inputs of the original with zeros at positions that leave: what the original with zeroed weights would have kept of earlier runs. */
  masked(feeds: Feeds): Feeds {
    return this.#each(feeds, (tensor, { stays }) => {
      const data = (tensor.data as Float32Array).map((item, at) => (stays(tensor.dims, at) ? item : 0)) as RuntimeData;
      return { ...tensor, data };
    });
  }

  /** Inputs or answers of the original in the form that they have at the pruned model. */
  narrowed(tensors: Feeds): Feeds {
    return this.#each(tensors, (tensor, { stays, narrow }) => {
      const data = (tensor.data as Float32Array).filter((_, at) => stays(tensor.dims, at)) as RuntimeData;
      return { ...tensor, data, dims: narrow(tensor.dims) };
    });
  }

  #each(tensors: Feeds, change: (tensor: RuntimeTensor, form: Form) => RuntimeTensor): Feeds {
    return Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        const form = this.#forms.get(name);
        return [name, form ? change(tensor, form) : tensor];
      }),
    );
  }
}

/** Whether an element stays: the labels at its place tell. */
function staysIn({ axes, fields }: Layout, leaves: (label: number) => boolean): Form['stays'] {
  const placed = fields.map(({ factors, labels }) => ({
    labels,
    steps: factors.map((factor) => {
      const axis = axes.findIndex((own) => own.includes(factor));
      return { axis, stride: strideOf(axes[axis], factor), size: factor.size as number };
    }),
  }));
  return (dims, at) => {
    const positions = positionsOf(dims, at);
    return placed.every(({ labels, steps }) => {
      const place = steps.reduce(
        (outer, { axis, stride, size }) => outer * size + (Math.floor(positions[axis] / stride) % size),
        0,
      );
      return !leaves(labels[place]);
    });
  };
}

function positionsOf(dims: readonly number[], at: number): number[] {
  const positions = new Array<number>(dims.length);
  for (let axis = dims.length - 1, rest = at; axis >= 0; rest = Math.floor(rest / dims[axis]), axis--)
    positions[axis] = rest % dims[axis];
  return positions;
}
