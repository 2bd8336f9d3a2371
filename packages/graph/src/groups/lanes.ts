import type { LabelStore } from '../labels/labelStore.js';
import type { Field } from '../layout/layout.js';
import { rowsOf, shrinkingFactor } from './fields.js';

/** Rows of labels of which each must keep equally many, as the heads of one layer do. */
export interface RowConstraint {
  readonly rows: readonly Int32Array[];
}

/** The constraints that fields of several rows put on what may leave. */
export function rowConstraints(fields: Iterable<Field>, store: LabelStore): RowConstraint[] {
  const constraints: RowConstraint[] = [];
  const seen = new Map<Int32Array, Set<string>>();
  for (const field of fields) {
    if (field.factors.length < 2) continue;
    const shape = field.factors.map((factor) => factor.size).join('x');
    const shapes = seen.get(field.labels) ?? new Set();
    if (shapes.has(shape)) continue;
    seen.set(field.labels, shapes.add(shape));
    const shrinking = shrinkingFactor(field, store);
    if (!shrinking) continue;
    const rows = rowsOf(field, shrinking);
    if (rows.length > 1) constraints.push({ rows });
  }
  return constraints;
}

/**
 * Divides units into lanes: two units share a lane if every constraint has them in the same rows. Undefined where no
 * division lets all rows keep equally many.
 */
export function divideIntoLanes(
  unitOfRoot: ReadonlyMap<number, number>,
  units: number,
  constraints: readonly RowConstraint[],
  store: LabelStore,
): Int32Array | undefined {
  let laneOf = new Int32Array(units);
  const relevant: number[][][] = [];
  for (const constraint of constraints) {
    const rows = constraint.rows.map((row) => unitsOf(row, unitOfRoot, store));
    if (rows.every((row) => row.length === 0)) continue;
    relevant.push(rows);
    laneOf = refined(laneOf, rows);
  }
  const sizes = new Array<number>(lanesOf(laneOf)).fill(0);
  for (const lane of laneOf) sizes[lane]++;
  if (sizes.some((size) => size !== sizes[0])) return undefined;
  // Equal numbers per lane must mean equal numbers per row, in every constraint.
  for (const rows of relevant) {
    const touched = rows.filter((row) => row.length > 0);
    if (touched.some((row) => row.length !== touched[0].length || row.length % sizes[0] !== 0)) return undefined;
  }
  return laneOf;
}

/** The number of lanes, which are numbered in order of their first unit. */
export function lanesOf(laneOf: Int32Array): number {
  return laneOf.reduce((most, lane) => Math.max(most, lane + 1), 0);
}

/** Lanes of which each holds only units that lie in the same of some rows. */
function refined(laneOf: Int32Array, rows: readonly (readonly number[])[]): Int32Array<ArrayBuffer> {
  const rowsAt: number[][] = Array.from(laneOf, () => []);
  for (const [row, own] of rows.entries())
    for (const unit of own) if (rowsAt[unit][rowsAt[unit].length - 1] !== row) rowsAt[unit].push(row);
  const lanes = new Map<string, number>();
  return Int32Array.from(laneOf, (lane, unit) => {
    const key = `${lane}:${rowsAt[unit]}`;
    return lanes.get(key) ?? lanes.set(key, lanes.size).size - 1;
  });
}

function unitsOf(row: Int32Array, unitOfRoot: ReadonlyMap<number, number>, store: LabelStore): number[] {
  const units: number[] = [];
  for (const label of row) {
    const unit = unitOfRoot.get(store.find(label));
    if (unit !== undefined) units.push(unit);
  }
  return units;
}
