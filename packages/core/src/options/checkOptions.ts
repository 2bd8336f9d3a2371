import { SnpError } from '@snp/onnx';
import { described, type Field, isPlain } from './checkShape.js';
import { nearestName } from './nearestName.js';

/** The form of every option that a function takes: none is forgotten. */
export type OptionFields<Options> = Readonly<Record<keyof Required<Options>, Field>>;

/**
 * Checks options: each must be what it has to be, and a name that is unknown is an error, for it would be passed over in silence.
 *
 * @param of The function, as its caller knows it.
 * @throws SnpError `invalid-argument` with the option, what it must be, and the nearest name.
 */
export function checkOptions<Options extends object>(
  of: string,
  options: Options,
  fields: OptionFields<Options>,
): void {
  const fail = (problem: string): never => {
    throw new SnpError('invalid-argument', `${of}: ${problem}`);
  };
  if (!isPlain(options)) fail(`the options must be an object, but are ${described(options)}.`);
  for (const [name, value] of Object.entries(options)) {
    const field = Object.hasOwn(fields, name) ? fields[name as keyof Options] : undefined;
    if (!field) {
      const near = nearestName(name, Object.keys(fields));
      const hint = near === undefined ? `Options are ${Object.keys(fields).join(', ')}.` : `Did you mean '${near}'?`;
      fail(`there is no option '${name}'. ${hint}`);
    } else if (value !== undefined && !field.is(value))
      fail(`'${name}' must be ${field.form}, but is ${inWords(value)}.`);
  }
}

/** A value, with the names of its fields: one of them may be misspelt. */
function inWords(value: unknown): string {
  if (!isPlain(value)) return described(value);
  const names = Object.keys(value);
  return names.length === 0 ? 'empty' : `an object with ${names.map((name) => `'${name}'`).join(', ')}`;
}
