/** What a model is fed with, as `openCalibration` and `images` want to know it. */
export function inputsOf({ graph }) {
  return graph.inputs
    .filter(({ tensor }) => !tensor)
    .map(({ name, type }) => ({ name, type: type.elementType, dims: type.shape }));
}
