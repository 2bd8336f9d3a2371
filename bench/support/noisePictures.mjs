import { tensors } from '@snp/runtime';

/** Calibration data for a model with one input of pictures: so many of white noise, the same ones each time. */
export function noisePictures(model, count) {
  const [{ name }] = model.graph.inputs.filter((value) => !value.tensor);
  const dims = [1, 3, 224, 224];
  const size = 3 * 224 * 224;
  return tensors(
    async function* () {
      for (let picture = 0; picture < count; picture++) {
        let state = picture + 1;
        const data = Float32Array.from({ length: size }, () => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return state / 2 ** 31 - 1;
        });
        yield { [name]: { type: 'FLOAT', dims, data } };
      }
    },
    { count },
  );
}
