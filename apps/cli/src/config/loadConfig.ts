import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SnpError } from '@snp/core';
import type { z } from 'zod';
import { readJson } from '../options/files.js';
import { importModule } from '../plugins/importModule.js';
import { configSchema, type ParsedConfig } from './schema.js';

/** Names under which a configuration is found in the working directory, and in no other folder. */
const CONFIG_NAMES = ['ts', 'mts', 'js', 'mjs', 'json'].map((ending) => `snp.config.${ending}`);

/** A configuration and the file that it stands in. */
export interface LoadedConfig {
  readonly file: string;
  readonly config: ParsedConfig;
}

/**
 * Reads the configuration: the file that was named, or the one in the working directory. That runs its code, if it is code.
 *
 * @param named Undefined to look for one, false to use none.
 * @throws SnpError with the file, the field and the right form.
 */
export async function loadConfig(named: string | false | undefined): Promise<LoadedConfig | undefined> {
  const file = named === undefined ? await findConfig() : named;
  if (!file) return undefined;
  const content = file.endsWith('.json') ? await readJson(file) : await importModule(resolve(file));
  const { success, data, error } = configSchema.safeParse(content);
  if (success) return { file, config: data };
  throw new SnpError('invalid-argument', `${file}: ${whatIsWrong(error.issues[0])}`, { file }, { cause: error });
}

async function findConfig(): Promise<string | undefined> {
  const there = await Promise.all(
    CONFIG_NAMES.map((name) =>
      stat(name).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  );
  const found = CONFIG_NAMES.filter((_, at) => there[at]);
  if (found.length > 1)
    throw new SnpError('invalid-argument', `There are ${found.join(' and ')}. Leave one, or name it with --config.`);
  return found[0];
}

function whatIsWrong(issue: z.core.$ZodIssue): string {
  const place = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(issue.path);
    const where = place === '' ? '' : ` in '${place}'`;
    return `there is no field '${issue.keys[0]}'${where}. Fields are ${known.join(', ')}.`;
  }
  // Of a choice between forms, the one that came closest tells more.
  if (issue.code === 'invalid_union') {
    const inner = issue.errors
      .map(([first]) => first)
      .find((first) => first && (first.path.length > 0 || first.code === 'unrecognized_keys'));
    if (inner) return whatIsWrong({ ...inner, path: [...issue.path, ...inner.path] });
  }
  return place === '' ? 'a configuration is an object with fields.' : `'${place}' ${issue.message}.`;
}

function fieldsAt(path: readonly PropertyKey[]): string[] {
  const [first] = path;
  if (first === undefined) return Object.keys(configSchema.shape).filter((name) => name !== '$schema');
  const { shape } = { shape: configSchema.shape as Record<string, z.ZodType> };
  return fieldsOf(shape[String(first)]);
}

/** Fields of an object, also of one that is optional or one of several forms. */
function fieldsOf(schema: z.ZodType): string[] {
  const { def } = schema._zod as unknown as { def: { shape?: object; innerType?: z.ZodType; options?: z.ZodType[] } };
  if (def.shape) return Object.keys(def.shape);
  if (def.innerType) return fieldsOf(def.innerType);
  return (def.options ?? []).flatMap(fieldsOf);
}
