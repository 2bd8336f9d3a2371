import type { FileDim, Value } from '@snp/onnx';
import { arrange, type Heads } from './heads.js';
import { type Port, type PortAxes, portShape } from './ports.js';
import { PAST, TOKENS } from './sizes.js';
import type { SpellingWriter } from './spellingWriter.js';
import type { AxisUnits } from './weight.js';

/** One way of going on with keys and values of earlier tokens. */
export interface CacheSpelling {
  /** Where they lie in the inputs and outputs, for keys and for values. */
  readonly axes: readonly [keys: PortAxes, values: PortAxes];
  /** The attention's operator takes them in, and gives them out. */
  readonly byOperator?: boolean;
}

/** Spellings of past keys and values. */
export const CACHES = {
  none: undefined,
  concat: { axes: ['bhtw', 'bhtw'] },
  'turned-keys': { axes: ['bhwt', 'bhtw'] },
  'tokens-first': { axes: ['bthw', 'bthw'] },
  operator: { axes: ['bhtw', 'bhtw'], byOperator: true },
} as const satisfies Record<string, CacheSpelling | undefined>;

/** Name of a spelling of past keys and values. */
export type CacheName = keyof typeof CACHES;

/** The spelling of that name; undefined where nothing is kept. */
export function cacheSpelling(name: CacheName): CacheSpelling | undefined {
  return CACHES[name];
}

export type CachePart = 'key' | 'value';

/** Names as Optimum gives them. */
export function cacheName(when: 'past_key_values' | 'present', layer: number, part: CachePart): string {
  return `${when}.${layer}.${part}`;
}

/** The cache of a layer's keys or values. */
export function portOf(name: CacheName, part: CachePart, heads: number, width: number, units: AxisUnits): Port {
  const [keys, values] = cacheSpelling(name)!.axes;
  return { axes: part === 'key' ? keys : values, heads, width, units };
}

/** The input of a layer's past keys or values. */
export function pastInput(w: SpellingWriter, port: Port, layer: number, part: CachePart): Value {
  const name = cacheName('past_key_values', layer, part);
  w.ports.set(name, port);
  const past = w.habits.sizes === 'fixed' ? PAST : 'past_sequence_length';
  return w.floatInput(name, portShape<FileDim>(port, w.batchDim, past));
}

/** Makes `value` the output of a layer's keys or values. */
export function presentOutput(w: SpellingWriter, value: Value, port: Port, layer: number, part: CachePart): void {
  const name = cacheName('present', layer, part);
  w.ports.set(name, port);
  const total = w.habits.sizes === 'fixed' ? PAST + TOKENS : 'total_sequence_length';
  w.output(value, name, portShape<FileDim>(port, w.batchDim, total));
}

/** Keys or values of all tokens so far. */
export function withPast(w: SpellingWriter, own: Heads, port: Port, layer: number, part: CachePart): Heads {
  const form = port.axes === 'bthw' ? 'tokens-first' : 'heads-first';
  const turned = (value: Value) => (port.axes === 'bhwt' ? w.transpose(value, 0, 1, 3, 2) : value);
  const all = w.concat(port.axes.indexOf('t'), pastInput(w, port, layer, part), turned(arrange(w, own, form).value));
  presentOutput(w, all, port, layer, part);
  const value = turned(all);
  return { ...own, form, value, tokens: { value, axis: form === 'tokens-first' ? 1 : 2, size: PAST + TOKENS } };
}
