import type { OutputFacts } from './facts.js';
import type { OperatorCall } from './operatorCall.js';

/** What a node's outputs are, given what its inputs are. Outputs beyond the returned list are unknown. */
export type ShapeRule = (call: OperatorCall) => readonly OutputFacts[];

/** The rules of one family of operators, by `Node.op`. */
export type ShapeRules = Readonly<Record<string, ShapeRule>>;
