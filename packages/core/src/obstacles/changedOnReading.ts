import { cloneModel, inlineFunctions, type Model, settleRandomness } from '@snp/onnx';

/**
 * What a person is to know of how a model is read: that its functions are inlined in the result, and that it draws random numbers. Empty for most.
 *
 * @example for (const warning of changedOnReading(await readModel('t5.onnx'))) console.warn(warning);
 */
export function changedOnReading(model: Model): string[] {
  const copy = cloneModel(model);
  const { inlined } = inlineFunctions(copy);
  const drawing = settleRandomness(copy);
  return [inlinedWarning(inlined), drawingWarning(drawing.map(({ op, label }) => ({ op, label })))].filter(
    (warning) => warning !== undefined,
  );
}

function inlinedWarning(inlined: Readonly<Record<string, number>>): string | undefined {
  const functions = Object.entries(inlined);
  if (functions.length === 0) return undefined;
  const first = functions.slice(0, 3).map(([name, calls]) => `${name} (${calls} ${calls === 1 ? 'call' : 'calls'})`);
  const more = functions.length > 3 ? ` and ${functions.length - 3} more` : '';
  return `Functions of the model are inlined in the result: ${first.join(', ')}${more}.`;
}

function drawingWarning(drawing: readonly { op: string; label: string }[]): string | undefined {
  if (drawing.length === 0) return undefined;
  const [{ op, label }] = drawing;
  const more = drawing.length > 1 ? ` and ${drawing.length - 1} more` : '';
  return `The model draws random numbers (${op} in ${label}${more}), so that its answers change from run to run: it seems to be exported in training mode. Models are compared with these numbers at their middle. Export it again after model.eval().`;
}
