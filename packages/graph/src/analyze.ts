import { inferShapes, type Model, type ShapeInfo } from '@snp/onnx';
import { withBounds } from './groups/blockBounds.js';
import { arrangeBlocks } from './groups/blocks.js';
import { type Branch, findBranches } from './groups/branches.js';
import { findGroups } from './groups/findGroups.js';
import type { Block, FrozenGroup, Group, NeuronGroup } from './groups/group.js';
import { withHeadCounts } from './groups/headCounts.js';
import { findHeads, type HeadSet, nameHeads } from './groups/heads.js';
import { propagate } from './propagate/propagate.js';
import type { Propagation } from './walk/propagation.js';

/** What can be pruned in a model, what cannot, and how it is built. */
export interface Analysis {
  readonly model: Model;
  readonly shapes: ShapeInfo;
  readonly groups: readonly NeuronGroup[];
  readonly frozen: readonly FrozenGroup[];
  readonly blocks: readonly Block[];
  /** Heads of each attention, and what keeps them from leaving. */
  readonly heads: readonly HeadSet[];
  /** What adds to the residual stream and can be left out. */
  readonly branches: readonly Branch[];
  /** The walk behind the groups: layouts and labels, for surgery. */
  readonly walk: Propagation;
  /** Whether past keys and values may become narrower, as inputs and as outputs. */
  readonly narrowCache: boolean;
}

/** Options of `analyze`. */
export interface AnalyzeOptions {
  /** Default: inferred. */
  shapes?: ShapeInfo;
  /**
   * Past keys and values that leave through graph outputs and come back through graph inputs may become narrower on both sides: the form of these inputs
   * and outputs changes. Default false: other programs feed them, so they stay.
   */
  narrowCache?: boolean;
}

/**
 * Finds the groups of coupled dimensions, the Transformer blocks, and what is frozen and why, by following every weight's
 * positions through the graph. The model is not changed. Constants should be folded first (`foldConstants`), so that
 * sizes which exporters compute at run time are known.
 *
 * @example
 * const model = await readModel('vit.onnx');
 * foldConstants(model);
 * const { groups, frozen } = analyze(model);
 * for (const group of groups) console.log(group.id, group.units);
 */
export function analyze(model: Model, options: AnalyzeOptions = {}): Analysis {
  const { shapes = inferShapes(model), narrowCache = false } = options;
  const walk = propagate(model, shapes, { narrowCache });
  const heads = findHeads(walk);
  const { groups: found, frozen } = findGroups(walk);
  const { groups, blocks } = arrangeBlocks(found, walk);
  const sets = nameHeads(heads, walk, groups, blocks);
  const branches = findBranches(walk, groups, blocks);
  return {
    model,
    shapes,
    groups,
    frozen,
    blocks: withBounds(withHeadCounts(blocks, sets, shapes), branches, walk.graph),
    heads: sets,
    branches,
    walk,
    narrowCache,
  };
}

/** Everything that can leave: groups of neurons, heads, and branches of the residual stream. */
export function unitGroups({ groups, heads, branches }: Analysis): Group[] {
  return [...groups, ...heads.filter(({ frozen }) => !frozen), ...branches];
}
