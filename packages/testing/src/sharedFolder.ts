import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The folder `shared` beside the repository, which holds real exported models, or undefined where it is missing. It is
 * no part of the repository: a test that needs it is skipped without it, with a line that says so.
 *
 * @example
 * const shared = sharedFolder();
 * if (!shared) console.warn('Skipped: real exports. There is no ../shared beside the repository.');
 * it.skipIf(!shared)('agrees with the real export', () => undefined);
 */
export function sharedFolder(): string | undefined {
  // The same number of steps from src and from the built dist.
  const folder = fileURLToPath(new URL('../../../../shared', import.meta.url));
  return existsSync(folder) ? folder : undefined;
}
