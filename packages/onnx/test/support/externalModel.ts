import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { officialBytes, type PlainMessage } from './officialSchema.js';

/** What `external_data` says of the weight; a field left out is left out of the file. */
export interface Location {
  location?: string;
  offset?: string;
  length?: string;
}

/** The bytes of an initializer that lies in another file, as the official schema writes it. */
export function externalTensor(name: string, dims: number[], entries: Location): PlainMessage {
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { name, dims: dims.map(String), dataType: 1, dataLocation: 1, externalData };
}

/** A graph that adds initializers, each of the input's shape [2, 256], to its input. */
export function addingModel(initializer: PlainMessage[]): Uint8Array {
  const type = {
    tensorType: { elemType: 1, shape: { dim: [{ dimValue: '2' }, { dimValue: '256' }] } },
  };
  const names = ['x', ...initializer.map((_, at) => (at === initializer.length - 1 ? 'y' : `sum${at}`))];
  return officialBytes('ModelProto', {
    irVersion: '8',
    opsetImport: [{ domain: '', version: '17' }],
    docString: 'weights elsewhere',
    graph: {
      name: 'adding',
      input: [{ name: 'x', type }],
      output: [{ name: 'y', type }],
      initializer,
      node: initializer.map((tensor, at) => ({
        opType: 'Add',
        input: [names[at], tensor.name],
        output: [names[at + 1]],
      })),
    },
  });
}

/** Numbers of a weight of shape [2, 256], different for each `start`. */
export const weightOf = (start: number) => Float32Array.from({ length: 512 }, (_, at) => start + at / 8);

/** Writes `model.onnx` with one weight, and its data where `location` says unless `data` is undefined. */
export function writeExternal(folder: string, location: Location, data: Uint8Array | undefined): string {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, addingModel([externalTensor('w', [2, 256], location)]));
  if (data) writeFileSync(join(folder, location.location ?? ''), data);
  return path;
}
