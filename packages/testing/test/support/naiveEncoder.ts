import type { Model } from '@snp/onnx';
import type { EncoderOptions } from '../../src/index.js';

type Matrix = number[][];

/** The encoder written out in plain loops from its weights, for one unpadded or padded sequence: logits per token. */
export function naiveEncoder(model: Model, options: EncoderOptions, ids: number[], mask: number[]): Matrix {
  const { heads } = options;
  const numbers = (name: string) => Array.from(model.graph.value(name).tensor!.numbers());
  const matrix = (name: string): Matrix => {
    const [rows, columns] = model.graph.value(name).tensor!.dims;
    const all = numbers(name);
    return Array.from({ length: rows }, (_, row) => all.slice(row * columns, (row + 1) * columns));
  };
  const linear = (x: Matrix, name: string) => addRow(product(x, matrix(`${name}.weight`)), numbers(`${name}.bias`));
  const norm = (x: Matrix, name: string) => normalised(x, numbers(`${name}.weight`), numbers(`${name}.bias`));

  const attention = (x: Matrix, name: string) => {
    const [query, key, value] = ['query', 'key', 'value'].map((part) => linear(x, `${name}.${part}`));
    const joined: Matrix = ids.map(() => []);
    for (let head = 0; head < heads; head++) {
      const [q, k, v] = [query, key, value].map((all) => ofHead(all, head, heads));
      const scores = q.map((row) => k.map((other, t) => dot(row, other) / Math.sqrt(row.length) - (mask[t] ? 0 : 1e4)));
      const mixed = product(scores.map(softmax), v);
      for (const [t, row] of mixed.entries()) joined[t].push(...row);
    }
    return linear(joined, `${name}.output`);
  };
  const feedForward = (x: Matrix, name: string) =>
    linear(
      linear(x, `${name}.fc1`).map((row) => row.map(gelu)),
      `${name}.fc2`,
    );

  const [words, positions] = [matrix('embeddings.word.weight'), matrix('embeddings.position.weight')];
  let x: Matrix = ids.map((id, t) => addRow([words[id]], positions[t])[0]);
  const pre = options.order === 'pre-norm';
  if (!pre) x = norm(x, 'embeddings.norm');
  for (let layer = 0; layer < options.depth; layer++) {
    const name = `layer.${layer}`;
    if (pre) {
      x = sum(x, attention(norm(x, `${name}.norm1`), `${name}.attention`));
      x = sum(x, feedForward(norm(x, `${name}.norm2`), `${name}.ffn`));
    } else {
      x = norm(sum(x, attention(x, `${name}.attention`)), `${name}.norm1`);
      x = norm(sum(x, feedForward(x, `${name}.ffn`)), `${name}.norm2`);
    }
  }
  if (pre) x = norm(x, 'norm');
  return options.labels === 'tied' ? x.map((row) => words.map((word) => dot(row, word))) : linear(x, 'head');
}

const dot = (a: number[], b: number[]) => a.reduce((total, item, i) => total + item * b[i], 0);
const product = (a: Matrix, b: Matrix) =>
  a.map((row) => b[0].map((_, column) => row.reduce((total, item, i) => total + item * b[i][column], 0)));
const addRow = (a: Matrix, row: number[]) => a.map((items) => items.map((item, i) => item + row[i]));
const sum = (a: Matrix, b: Matrix) => a.map((row, i) => row.map((item, j) => item + b[i][j]));

function ofHead(all: Matrix, head: number, heads: number): Matrix {
  const width = all[0].length / heads;
  return all.map((row) => row.slice(head * width, (head + 1) * width));
}

function softmax(scores: number[]): number[] {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

function normalised(x: Matrix, gain: number[], bias: number[]): Matrix {
  return x.map((row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((total, item) => total + (item - mean) ** 2, 0) / row.length;
    return row.map((item, i) => ((item - mean) / Math.sqrt(variance + 1e-12)) * gain[i] + bias[i]);
  });
}

/** x times the normal distribution function, integrated by Simpson's rule. */
function gelu(x: number): number {
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const steps = 200;
  const step = x / steps;
  let integral = density(0) + density(x);
  for (let i = 1; i < steps; i++) integral += (i % 2 === 1 ? 4 : 2) * density(i * step);
  return x * (0.5 + (integral * step) / 3);
}
