/** Something about a whole model that keeps pruning from parts of it. */
export interface Obstacle {
  /** `quantised`: computes with quantised numbers; `control-flow`: weights lie in branches or loops; `no-attention`: none was recognised. */
  kind: 'quantised' | 'control-flow' | 'no-attention';
  /** What there is, where, and what to do. */
  message: string;
  /** Labels of the nodes in question, in graph order. */
  nodes: string[];
}
