import type { Value } from '@snp/onnx';
import type { AxisSize, SpellingWriter } from './spellingWriter.js';

/** Where heads and their neurons lie: [batch, tokens, heads * width], [batch, tokens, heads, width], or [batch, heads, tokens, width]. */
export type HeadForm = 'flat' | 'tokens-first' | 'heads-first';

/** Queries, keys, values or mixed values of all heads. */
export interface Heads {
  readonly value: Value;
  readonly form: HeadForm;
  readonly heads: number;
  readonly width: number;
  readonly batch: AxisSize;
  readonly tokens: AxisSize;
}

/** The same heads in another form. */
export function arrange(w: SpellingWriter, x: Heads, form: HeadForm): Heads {
  if (x.form === form) return x;
  if (form === 'flat') {
    const { value } = arrange(w, x, 'tokens-first');
    const at = (axis: number, { size }: AxisSize) => ({ value, axis, size });
    return { ...x, form, value: w.reshape(value, [at(0, x.batch), at(1, x.tokens), x.heads * x.width]) };
  }
  if (x.form === 'flat') {
    const sizes = [x.batch, x.tokens, x.heads, x.width];
    const apart = { ...x, form: 'tokens-first' as const, value: w.noisy(w.reshape(x.value, sizes), 4) };
    return arrange(w, apart, form);
  }
  return { ...x, form, value: w.noisy(w.transpose(x.value, 0, 2, 1, 3), 4) };
}
