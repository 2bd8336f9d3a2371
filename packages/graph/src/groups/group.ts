import type { Node, Use, Value } from '@snp/onnx';
import type { FreezeReason, Role } from '../labels/labelStore.js';

/** What the neurons of a group are in a Transformer. */
export type NeuronKind =
  /** Pairs of a query neuron and the key neuron it is multiplied with, per head. */
  | 'query-key'
  /** Value neurons with the matching input columns of the output projection, per head. */
  | 'value'
  /** Hidden neurons between two projections. */
  | 'ffn'
  /** Channels of the residual stream, with every layer that reads or writes it. */
  | 'residual'
  /** Channels between convolutions. */
  | 'channel';

/** Units beyond neurons. */
export type WholeKind =
  /** Whole heads of an attention: see `HeadSet`. */
  | 'head'
  /** Parts of Transformer blocks that add something to the residual stream (see `Branch`), or whole blocks. */
  | 'block';

/** What the units of a group are. */
export type GroupKind = NeuronKind | WholeKind;

/** One axis of one initializer that the units of a group run along. */
export interface Member {
  readonly initializer: Value;
  readonly axis: number;
  /** What the slices do: write the unit's values, read them, or scale and shift them. */
  readonly role: Role;
  /** The unit at each index along the axis, or -1 for indices of other groups. A unit may have several indices. */
  readonly unitOf: Int32Array;
  /** Set where this holds for one reader only: the initializer is shared by chance, and gets a copy if copies differ. */
  readonly use: Use | undefined;
  /** Nodes that read the initializer here. */
  readonly readers: readonly Node[];
}

/** Where the values of a group's units can be observed while the model runs. */
export interface Site {
  /** `query` and `key`: the two operands whose product is the attention score; `input`: what a reader's weight multiplies. */
  readonly role: 'query' | 'key' | 'input';
  readonly node: Node;
  readonly value: Value;
  /** Axis along which the units run. */
  readonly axis: number;
  /**
   * The unit at each position, as [lanes][positions along `axis`], or -1 for positions of other groups. A unit has several where its neurons go in pairs (rotary positions), or are
   * repeated, as keys and values that serve several queries.
   */
  readonly unitAt: Int32Array;
  /**
   * Axis that counts heads: `axis` itself where the neurons of each head follow one another along it; undefined without
   * heads. The axis may hold batch x heads, batch outside.
   */
  readonly laneAxis: number | undefined;
  /** Number of heads along `laneAxis`; 1 without a lane axis. */
  readonly lanes: number;
  /** Number of axes of the value. */
  readonly rank: number;
}

/** What all groups have. */
export interface GroupBase {
  /** Stable name: `blocks.0.query-key`, `blocks.0.value`, `blocks.0.ffn`, `residual`, `ffn.1`. */
  readonly id: string;
  /** Number of the Transformer block, from 0; undefined outside of blocks. */
  readonly block: number | undefined;
  /** Number of units. */
  readonly units: number;
  /** Heads (lanes) keep equally many units each. Lane of every unit; all zero where there is one lane. */
  readonly laneOf: Int32Array;
  readonly lanes: number;
  readonly members: readonly Member[];
  /** None where units are no neurons. */
  readonly sites: readonly Site[];
}

/** Neurons that can leave one by one, each with the dimensions that must leave with it. */
export interface NeuronGroup extends GroupBase {
  readonly kind: NeuronKind;
  /** Smallest label of every unit: lets surgery find the units again. */
  readonly labels: Int32Array;
}

/** Units beyond neurons: heads, branches, and what plug-ins make of them. */
export interface WholeGroup extends GroupBase {
  readonly kind: WholeKind;
}

/** What can leave, unit by unit. */
export type Group = NeuronGroup | WholeGroup;

/** Dimensions that cannot be proven safe to prune, and why. */
export interface FrozenGroup {
  readonly kind: GroupKind | undefined;
  readonly units: number;
  readonly members: readonly { initializer: Value; axis: number }[];
  readonly reason: FreezeReason;
}

/** One Transformer block, as far as its parts were found. */
export interface Block {
  readonly index: number;
  /** Heads of queries. */
  readonly heads: number;
  /** Heads of keys and values: fewer than of queries where each serves several. */
  readonly keyHeads: number;
  readonly queryKey: NeuronGroup | undefined;
  readonly value: NeuronGroup | undefined;
  readonly ffn: readonly NeuronGroup[];
  /** The node that applies the attention map to the values. */
  readonly attention: Node;
  /** Positions in the graph's node list, first to last. */
  readonly nodes: readonly [first: number, last: number];
}

/** Per lane, the units in order of their number. */
export function unitsByLane(group: Group): number[][] {
  const lanes = Array.from({ length: group.lanes }, (): number[] => []);
  for (let unit = 0; unit < group.units; unit++) lanes[group.laneOf[unit]].push(unit);
  return lanes;
}
