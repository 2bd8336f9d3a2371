import type { Draws } from './drawing.js';
import { elementwise } from './draws/elementwise.js';
import { layers } from './draws/layers.js';
import { picking } from './draws/picking.js';
import { products } from './draws/products.js';
import { reductions } from './draws/reductions.js';
import { shapes } from './draws/shapes.js';
import { windows } from './draws/windows.js';

/** Every operator with a rule that the runtime can be asked about, and how to draw it. */
export const DRAWS: Draws = [...elementwise, ...layers, ...picking, ...products, ...reductions, ...shapes, ...windows];
