import { type Field, isPlain } from './checkShape.js';

/** A field that must be one thing or have a form. */
function field(form: string, is: (value: unknown) => boolean): Field {
  return { form, is };
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const hasMethods = (value: unknown, ...names: string[]) =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

export const text = field('a text', (value) => typeof value === 'string');
export const flag = field('true or false', (value) => typeof value === 'boolean');
export const positive = field('a number above 0', (value) => isNumber(value) && value > 0);
export const count = field('a whole number from 1', (value) => Number.isInteger(value) && (value as number) >= 1);
export const whole = field('a whole number', (value) => Number.isInteger(value));
export const anyFunction = field('a function', (value) => typeof value === 'function');
export const signal = field('an AbortSignal', (value) => hasMethods(value, 'addEventListener', 'throwIfAborted'));
const anyObject = field('an object', (value) => typeof value === 'object' && value !== null);
export const runtime = field('a Runtime, as onnxRuntime() makes one', (value) => hasMethods(value, 'open'));

export const tuner = field('what trains pruned models, as tuner() of @snp/tune makes it', (value) =>
  hasMethods(value, 'tune'),
);

/** Typical inputs. A path is what people try first. */
export const calibration = field(
  "calibration data, as images(), arrays(), tensors() or openCalibration() of @snp/runtime make of a path or of arrays: await images('pictures/', { input })",
  (value) => hasMethods(value, 'samples'),
);

export const statistics = field(
  'statistics, as calibrateModel() or loadStatistics() give them',
  (value) => typeof value === 'object' && (value as { groups?: unknown } | null)?.groups instanceof Map,
);

export const source = field('a model or a path', (value) => typeof value === 'string' || anyObject.is(value));

/** A latency that may be left. */
export const latency = field(
  'an object { on, share } or { on, ms }, where `on` learns and compares, as latencyOn() of @snp/bench makes it',
  (value) =>
    isPlain(value) &&
    hasMethods(value.on, 'learn', 'compare') &&
    Object.keys(value).every((name) => ['on', 'share', 'ms'].includes(name)) &&
    (isNumber(value.share) || isNumber(value.ms)),
);

export const list = field('a list', Array.isArray);

/** One of some words. */
export function oneOf(words: readonly string[]): Field {
  return field(`one of ${words.join(', ')}`, (value) => words.includes(value as string));
}

/** Numbers by name. */
export const numbersByName = field(
  'numbers by name',
  (value) => isPlain(value) && Object.values(value).every((own) => own === undefined || isNumber(own)),
);

/** Amounts under some of these names, at least one. */
export function amounts(...names: readonly string[]): Field {
  const isAmount = ([name, own]: [string, unknown]) => names.includes(name) && isNumber(own);
  return field(`an object with at least one of ${names.join(', ')}, each a number`, (value) => {
    const given = isPlain(value) ? Object.entries(value).filter(([, own]) => own !== undefined) : [];
    return given.length > 0 && given.every(isAmount);
  });
}

/** Checked elsewhere. */
export const anything = field('anything', () => true);
