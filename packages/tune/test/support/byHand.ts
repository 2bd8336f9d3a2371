import { SIZES } from './net.js';

/** The weights of a net, or their gradients. */
export type Weights = Record<string, Float64Array>;

const { inputs, hidden, classes } = SIZES;

/** What `net` answers to `x` [samples, inputs], with the hidden layer. */
export function forward(weights: Weights, x: Float64Array): { hiddens: Float64Array; logits: Float64Array } {
  const samples = x.length / inputs;
  const hiddens = product(x, weights.v, [samples, inputs, hidden]).map((own, at) =>
    Math.tanh(own + weights.a[at % hidden]),
  );
  const logits = product(hiddens, weights.w, [samples, hidden, classes]).map(
    (own, at) => own + weights.b[at % classes],
  );
  return { hiddens, logits };
}

/** T^2 times the mean divergence of softmax(logits / T) from softmax(teacher / T). */
export function divergence(logits: Float64Array, teacher: Float64Array, temperature: number): number {
  const rows = logits.length / classes;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const [q, p] = [logits, teacher].map((own) =>
      softmax(own.subarray(row * classes, (row + 1) * classes), temperature),
    );
    for (let at = 0; at < classes; at++) sum += p[at] * Math.log(p[at] / q[at]);
  }
  return (temperature ** 2 * sum) / rows;
}

/** Gradients of that by the weights: backpropagation, written out. */
export function backward(weights: Weights, x: Float64Array, teacher: Float64Array, temperature: number): Weights {
  const samples = x.length / inputs;
  const { hiddens, logits } = forward(weights, x);
  const slopes = new Float64Array(logits.length);
  for (let row = 0; row < samples; row++) {
    const [q, p] = [logits, teacher].map((own) =>
      softmax(own.subarray(row * classes, (row + 1) * classes), temperature),
    );
    for (let at = 0; at < classes; at++) slopes[row * classes + at] = (temperature * (q[at] - p[at])) / samples;
  }
  const back = product(slopes, turned(weights.w, hidden), [samples, classes, hidden]);
  const inner = back.map((own, at) => own * (1 - hiddens[at] ** 2));
  return {
    w: product(turned(hiddens, samples), slopes, [hidden, samples, classes]),
    b: columnSums(slopes, classes),
    v: product(turned(x, samples), inner, [inputs, samples, hidden]),
    a: columnSums(inner, hidden),
  };
}

/** AdamW with global clipping, as its paper and PyTorch's documentation write it. */
export class AdamW {
  readonly first: Weights;
  readonly second: Weights;
  #step = 0;

  constructor(
    readonly weights: Weights,
    private readonly options: { decay: number; clip: number; decaying: readonly string[] },
  ) {
    const zeros = () =>
      Object.fromEntries(Object.entries(weights).map(([name, own]) => [name, new Float64Array(own.length)]));
    [this.first, this.second] = [zeros(), zeros()];
  }

  step(gradients: Weights, rate: number): void {
    this.#step++;
    const { decay, clip, decaying } = this.options;
    const length = Math.sqrt(
      Object.values(gradients).reduce((sum, own) => sum + own.reduce((all, one) => all + one * one, 0), 0),
    );
    const shortened = Math.min(1, clip / (length + 1e-6));
    for (const [name, own] of Object.entries(this.weights))
      for (let at = 0; at < own.length; at++) {
        const gradient = shortened * gradients[name][at];
        if (decaying.includes(name)) own[at] -= rate * decay * own[at];
        this.first[name][at] = 0.9 * this.first[name][at] + 0.1 * gradient;
        this.second[name][at] = 0.999 * this.second[name][at] + 0.001 * gradient * gradient;
        const first = this.first[name][at] / (1 - 0.9 ** this.#step);
        const second = this.second[name][at] / (1 - 0.999 ** this.#step);
        own[at] -= (rate * first) / (Math.sqrt(second) + 1e-8);
      }
  }
}

function softmax(scores: Float64Array, temperature: number): Float64Array {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp((score - most) / temperature));
  const sum = powers.reduce((all, one) => all + one, 0);
  return powers.map((power) => power / sum);
}

function product(
  a: Float64Array,
  b: Float64Array,
  [rows, inner, columns]: readonly [number, number, number],
): Float64Array {
  const found = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let at = 0; at < inner; at++)
        found[row * columns + column] += a[row * inner + at] * b[at * columns + column];
  return found;
}

/** Rows become columns. */
function turned(a: Float64Array, rows: number): Float64Array {
  const columns = a.length / rows;
  return a.map((_, at) => a[(at % rows) * columns + Math.floor(at / rows)]);
}

function columnSums(a: Float64Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (const [at, own] of a.entries()) sums[at % columns] += own;
  return sums;
}
