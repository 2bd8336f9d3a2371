import { activationSpelling } from '../activations.js';
import { type FfnSpec, type FfnWeights, ffnSpelling } from '../ffns.js';
import type { LinearWeights } from '../linears.js';
import { addRows, linear, type Removal, type Rows, softmax } from './rows.js';

/** A feed-forward network of one sample. */
export function referenceFfn(x: Rows, spec: FfnSpec, weights: FfnWeights, removal: Removal): Rows {
  const { formula: f } = activationSpelling(spec.activation);
  const layer = (rows: Rows, { weight, bias }: LinearWeights) => linear(rows, weight, bias, removal);
  const active = (rows: Rows) => rows.map((row) => row.map(f));
  const times = (a: Rows, b: Rows) => a.map((row, token) => row.map((number, at) => number * b[token][at]));
  const hidden = layer(x, weights.up);
  switch (ffnSpelling(spec.form).formula) {
    case 'plain':
      return layer(active(hidden), weights.down);
    case 'gated':
      return layer(times(active(layer(x, weights.gate)), hidden), weights.down);
    case 'scaled': {
      const { data } = weights.scale;
      return layer(
        active(hidden).map((row) => row.map((number, at) => number * data[at])),
        weights.down,
      );
    }
    case 'depthwise': {
      const { data } = weights.kernel;
      const tap = (token: number, at: number) => hidden[token]?.[at] ?? 0;
      const mixed = hidden.map((row, token) =>
        row.map((_, at) =>
          [0, 1, 2].reduce((sum, shift) => sum + tap(token + shift - 1, at) * data[at * 3 + shift], 0),
        ),
      );
      return layer(active(mixed), weights.down);
    }
    case 'depthwise-image': {
      const { data } = weights.imageKernel;
      const columns = x.length / 2;
      const mixed = hidden.map((row, token) =>
        row.map((_, at) => {
          const [y, column] = [Math.floor(token / columns), token % columns];
          let sum = 0;
          for (let tap = 0; tap < 9; tap++) {
            const [toY, toX] = [y + Math.floor(tap / 3) - 1, column + (tap % 3) - 1];
            const inside = toY >= 0 && toY < 2 && toX >= 0 && toX < columns;
            if (inside) sum += hidden[toY * columns + toX][at] * data[at * 9 + tap];
          }
          return sum;
        }),
      );
      return layer(active(mixed), weights.down);
    }
    case 'shared-expert': {
      const other = layer(active(layer(x, weights.otherUp)), weights.otherDown);
      const shares = layer(x, weights.share);
      const weighed = other.map((row, token) => row.map((number) => number / (1 + Math.exp(-shares[token][0]))));
      return addRows(layer(active(hidden), weights.down), weighed);
    }
    case 'experts': {
      const shares = layer(x, weights.router).map((row) => softmax([...row]));
      const other = layer(active(layer(x, weights.otherUp)), weights.otherDown);
      const weigh = (rows: Rows, expert: number) =>
        rows.map((row, token) => row.map((number) => number * shares[token][expert]));
      return addRows(weigh(layer(active(hidden), weights.down), 0), weigh(other, 1));
    }
  }
}
