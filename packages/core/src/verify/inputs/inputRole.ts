import { isFloatType, type Node, type ShapeInfo, type Value } from '@snp/onnx';
import { rowsLookedUp } from './rowsLookedUp.js';

/** What a model does with an input, as far as it decides which numbers make sense. */
export type InputRole =
  /** Numbers of any size. */
  | { kind: 'values' }
  /** Rows of tables, from 0 to below `rows`. */
  | { kind: 'rows'; rows: number }
  /** What counts and what does not. */
  | { kind: 'mask' }
  /** Places of tokens. */
  | { kind: 'positions' }
  /** Which of two ways a graph takes. */
  | { kind: 'switch' }
  /** Tokens there are: those before (`past`), those that are new, or both, and what is to be added to that. */
  | { kind: 'length'; of: 'past' | 'new' | 'total'; plus: number }
  /** Whole numbers of which nothing is known. */
  | { kind: 'count' };

/** Tells by what reads an input, and where that leaves it open by its name and form, what it is for. */
export function inputRole(input: Value, shapes: ShapeInfo): InputRole {
  const reader = [...input.uses].map(({ node, index }) => lengthRead(node, index, input)).find(Boolean);
  if (reader) return reader;
  const rows = rowsLookedUp(input, shapes);
  if (rows !== undefined) return { kind: 'rows', rows };
  const { name } = input;
  if (/mask/i.test(name)) return { kind: 'mask' };
  const { elementType = 'FLOAT', shape } = input.type ?? {};
  if (isFloatType(elementType)) return { kind: 'values' };
  const single = shape?.every((dim) => dim === 1);
  if (elementType === 'BOOL') return { kind: single ? 'switch' : 'mask' };
  if (/position/i.test(name)) return { kind: 'positions' };
  if (shape !== undefined && shape.length <= 1 && /len|total/i.test(name)) {
    const of = /past|cache/i.test(name) ? 'past' : /total|seqlens_k/i.test(name) ? 'total' : 'new';
    return { kind: 'length', of, plus: 0 };
  }
  return { kind: 'count' };
}

/** Lengths that onnxruntime's operators of attention ask for. */
function lengthRead({ op }: Node, index: number, { type }: Value): InputRole | undefined {
  if (op === 'com.microsoft.GroupQueryAttention' && index === 5) return { kind: 'length', of: 'total', plus: -1 };
  if (op === 'com.microsoft.GroupQueryAttention' && index === 6) return { kind: 'length', of: 'total', plus: 0 };
  const mask = { 'com.microsoft.Attention': 3, 'com.microsoft.MultiHeadAttention': 4 }[op];
  return index === mask && type?.shape?.length === 1 ? { kind: 'length', of: 'total', plus: 0 } : undefined;
}
