import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

const SHARED = fileURLToPath(new URL('../../../../../shared/', import.meta.url));

/** How one input of a shared model is to be filled. */
export interface InputSpec {
  name: string;
  dtype: 'float' | 'int64';
  shape: number[];
  /** `normal`, `ones`, `zeros` or `randint:N`. */
  fill: string;
}

/** A real exported model with an example of its inputs. */
export interface SharedModel {
  file: string;
  inputs: InputSpec[];
  bytes(): Uint8Array;
}

function listed(folder: string): SharedModel[] {
  const index = `${SHARED}${folder}/zoo.json`;
  if (!existsSync(index)) return [];
  const entries = Object.entries(JSON.parse(readFileSync(index, 'utf8')) as Record<string, { inputs: InputSpec[] }>);
  return entries.map(([file, { inputs }]) => ({
    file,
    inputs,
    bytes: () => new Uint8Array(readFileSync(`${SHARED}${folder}/${file}`)),
  }));
}

/** Every model beside the repository that comes with example inputs; none where the folder is missing. */
export const sharedModels: readonly SharedModel[] = [...listed('models'), ...listed('zoo')];

/** Every model file beside the repository, with or without example inputs. */
export const sharedFiles: readonly Pick<SharedModel, 'file' | 'bytes'>[] = ['models', 'zoo', 'corpus', 'cases']
  .map((folder) => `${SHARED}${folder}`)
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((file) => ({ file, path: `${folder}/${file}` })))
  .filter(({ file }) => file.endsWith('.onnx'))
  .map(({ file, path }) => ({ file, bytes: () => new Uint8Array(readFileSync(path)) }));

/** `describe` over these models, or a skipped block that says why. */
export function describeShared(title: string, body: () => void): void {
  if (sharedModels.length > 0) {
    describe(title, body);
    return;
  }
  console.warn(`Skipped: ${title}. There are no models in ../shared beside the repository.`);
  describe.skip(`${title} (no ../shared beside the repository)`, body);
}
