import type { Dim } from '../shape/dim.js';
import type { NodeShapes } from './nodeShapes.js';

/** Multiply-accumulate operations of one node. */
export type MacRule = (at: NodeShapes) => Dim;
