import { stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SnpError } from '@snp/core';
import type { Jiti } from 'jiti';

/** A module that does not come to an end of loading is given up after so long. */
const PATIENCE_MS = 60_000;

const imported = new Map<string, string>();

/** An error that nobody waited for, laid to the imported module whose code threw it, if one did. */
export function withItsModule(error: unknown): unknown {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const origin = [...imported].find(([file]) => stack.includes(file));
  if (!origin) return error;
  const [file, specifier] = origin;
  return new SnpError(
    'plugin',
    `${specifier} failed outside of any call: ${messageOf(error)}.`,
    { file },
    { cause: error },
  );
}

/**
 * Imports the default export of a JavaScript or TypeScript file, or of a package as the working directory sees it. That runs its code.
 *
 * @throws SnpError `plugin` if it is not there, fails while it is loaded, or exports nothing by default.
 */
export async function importModule(specifier: string): Promise<unknown> {
  // Only for those who need it; nothing is left in caches on disk.
  const { createJiti } = await import('jiti');
  const jiti = createJiti(join(process.cwd(), 'snp'), { fsCache: false });
  const file = await fileOf(specifier, jiti);
  imported.set(file, specifier);
  const loaded = await inTime(load(file, jiti), specifier).catch((cause) => {
    if (cause instanceof SnpError) throw cause;
    throw new SnpError('plugin', `${specifier} cannot be loaded: ${messageOf(cause)}.`, { file }, { cause });
  });
  if (loaded.default !== undefined) return loaded.default;
  throw new SnpError('plugin', `${specifier} has no default export. Write: export default ...`, { file });
}

async function fileOf(specifier: string, jiti: Jiti): Promise<string> {
  const path = resolve(specifier);
  if (
    await stat(path).then(
      (found) => found.isFile(),
      () => false,
    )
  )
    return path;
  if (/^\.{1,2}[\\/]/.test(specifier) || isAbsolute(specifier))
    throw new SnpError('plugin', `There is no file ${specifier}.`, { file: path });
  try {
    return fileURLToPath(jiti.esmResolve(specifier));
  } catch (cause) {
    const message = `There is neither a file ${specifier} nor a package of this name that is installed for ${process.cwd()}. Write ./NAME for a file, or install the package.`;
    throw new SnpError('plugin', message, {}, { cause });
  }
}

/** Node knows JavaScript by itself. */
async function load(file: string, jiti: Jiti): Promise<{ default?: unknown }> {
  return /\.[cm]?tsx?$/.test(file) ? jiti.import(file) : import(pathToFileURL(file).href);
}

async function inTime<T>(work: Promise<T>, specifier: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `${specifier} did not end loading within ${PATIENCE_MS / 1000} s.`;
    timer = setTimeout(() => reject(new SnpError('plugin', message)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message || cause.name : String(cause)).replace(/\.$/, '');
}
