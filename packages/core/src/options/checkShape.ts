import { SnpError } from '@snp/onnx';

/** What a field of a criterion or plug-in may be. */
export interface Field {
  readonly is: (value: unknown) => boolean;
  /** What it must be, in words. */
  readonly form: string;
  readonly required?: boolean;
}

/** What a criterion or plug-in looks like. */
export interface Shape {
  /** `criterion`, `plug-in`. */
  readonly what: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** The right form, as one would write it. */
  readonly form: string;
}

/**
 * Checks a value of someone else's against a shape: required fields are there, all are what they must be, and none is unknown (a misspelt one would be
 * passed over in silence). Instances of classes may have fields of their own.
 *
 * @throws SnpError `plugin` with the field and the right form.
 */
export function checkShape(value: unknown, { what, fields, form }: Shape): void {
  const fail = (problem: string): never => {
    throw new SnpError('plugin', `${problem} The right form: ${form}.`);
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const hint = typeof value === 'function' ? ', which may have to be called' : '';
    fail(`A ${what} is an object, and this is ${described(value)}${hint}.`);
  }
  const candidate = value as Record<string, unknown>;
  const name =
    typeof candidate.name === 'string' && candidate.name !== '' ? `${capital(what)} '${candidate.name}'` : `A ${what}`;
  for (const [field, { is, form: wanted, required = false }] of Object.entries(fields)) {
    const there = candidate[field];
    if (there === undefined && required) fail(`${name} has no '${field}', which must be ${wanted}.`);
    if (there !== undefined && !is(there)) fail(`${name} has '${field}' = ${described(there)}; it must be ${wanted}.`);
  }
  if (!isPlain(candidate)) return;
  const unknown = Object.keys(candidate).find((field) => !Object.hasOwn(fields, field));
  if (unknown !== undefined)
    fail(`${name} has an unknown field '${unknown}'; a ${what} has ${Object.keys(fields).join(', ')}.`);
}

/** Whether something is an object with fields, as opposed to an instance of a class. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  // Modules have none, and objects of another realm have that realm's.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A value in a few words. */
export function described(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'object' && typeof (value as PromiseLike<unknown>).then === 'function') return 'a promise';
  return value === undefined ? 'nothing' : `a${typeof value === 'object' ? 'n' : ''} ${typeof value}`;
}

/** Fields that criteria and plug-ins share. */
export function commonFields(contract: number): Readonly<Record<'name' | 'contract', Field>> {
  return {
    name: { is: (value) => typeof value === 'string' && value !== '', form: 'a text', required: true },
    contract: {
      is: (value) => value === contract,
      form: `${contract}, the version of the contract that this release keeps; take a release of it for this one, or the other way round`,
    },
  };
}

function capital(word: string): string {
  return word[0].toUpperCase() + word.slice(1);
}
