import { SnpError } from '@snp/onnx';
import type { NpyArray } from '../arrayFiles/npy.js';
import type { TensorInfo } from '../session/runtime.js';
import { normalise } from './normalise.js';
import { type Preprocess, resolvePreprocess } from './preprocess.js';

/** The arrays of a file by name, and whether they are pictures. */
interface Read {
  content: Map<string, NpyArray>;
  pictures: boolean;
}

/**
 * Takes an array of 8-bit numbers [samples, height, width, 3] for pictures where it is said how they become numbers, and turns them into those of a model's one input [samples, 3, height, width].
 * Other arrays stay.
 *
 * @throws SnpError `invalid-argument` if that is said of other arrays; `calibration` if the pictures are of another size than the model's, or nothing says how they become numbers.
 */
export async function picturesIn(
  content: Map<string, NpyArray>,
  {
    file,
    inputs,
    preprocess,
  }: { file: string; inputs: readonly TensorInfo[]; preprocess?: string | Preprocess | undefined },
): Promise<Read> {
  const [input] = inputs;
  const array = inputs.length === 1 ? content.get(input.name) : undefined;
  if (!array || !arePictures(array, input)) {
    if (preprocess === undefined) return { content, pictures: false };
    throw new SnpError(
      'invalid-argument',
      `'preprocess' is about pictures, but ${file} holds arrays, which are taken as they are: pictures are 8-bit numbers [samples, height, width, 3].`,
      { file },
    );
  }
  const [, height, width] = array.dims;
  const fail = (message: string): never => {
    throw new SnpError('calibration', `${file} holds pictures of 8-bit numbers, ${height} x ${width}${message}`, {
      file,
    });
  };
  if (preprocess === undefined) fail(`. Say how they become the model's numbers (--preprocess cifar10).`);
  const wanted = input.dims.slice(2);
  if (wanted.some((size, axis) => typeof size === 'number' && size !== array.dims[1 + axis]))
    fail(`, but the model takes ${wanted.join(' x ')}. Arrays are not resized: give pictures as files.`);
  const how = await resolvePreprocess(preprocess, height, width);
  const [count, pixels] = [array.dims[0], height * width];
  const bytes = array.data as Uint8Array;
  const data = new Float32Array(count * 3 * pixels);
  for (let at = 0; at < count; at++)
    data.set(normalise(bytes.subarray(at * 3 * pixels, (at + 1) * 3 * pixels), 3, how, pixels), at * 3 * pixels);
  const planes: NpyArray = { type: 'FLOAT', dims: [count, 3, height, width], data };
  return { content: new Map(content).set(input.name, planes), pictures: true };
}

/** Bytes with three channels last, for a model that takes numbers with three channels first. */
function arePictures({ type, dims }: NpyArray, input: TensorInfo): boolean {
  return (
    type === 'UINT8' &&
    dims.length === 4 &&
    dims[3] === 3 &&
    input.type === 'FLOAT' &&
    input.dims.length === 4 &&
    input.dims[1] === 3
  );
}
