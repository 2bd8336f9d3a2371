// What an author of a criterion tests: its numbers against a computation of one's own, on a model small enough for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prune } from '@snp/core';
import { tensors } from '@snp/runtime';
import wanda from 'snp-criterion-wanda';
import { buildModel, numbers, SIZES, weights } from './model.mjs';

const { tokens, width } = SIZES;
const samples = Array.from({ length: 6 }, (_, at) => numbers(tokens * width, 100 + at));
const calibration = tensors(async function* () {
  for (const data of samples) yield { tokens: { type: 'FLOAT', dims: [1, tokens, width], data } };
});

/** Row times matrix. */
function times(row, { rows, columns, data }) {
  const result = new Float64Array(columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j] += row[i] * data[i * columns + j];
  return result;
}

function softmax(scores) {
  const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const sum = powers.reduce((total, power) => total + power);
  return powers.map((power) => power / sum);
}

/** What flows through the block, a row per token of every sample. */
function activations() {
  const all = { query: [], key: [], value: [], hidden: [] };
  for (const sample of samples) {
    const rows = Array.from({ length: tokens }, (_, at) => sample.slice(at * width, (at + 1) * width));
    const [query, key, value] = ['query', 'key', 'value'].map((name) => rows.map((row) => times(row, weights[name])));
    for (const [at, row] of rows.entries()) {
      const map = softmax(key.map((other) => other.reduce((sum, k, i) => sum + k * query[at][i], 0)));
      const mixed = value[0].map((_, i) => map.reduce((sum, share, token) => sum + share * value[token][i], 0));
      const stream = times(mixed, weights.out).map((added, i) => added + row[i]);
      all.query.push(query[at]);
      all.key.push(key[at]);
      all.value.push(mixed);
      all.hidden.push(times(stream, weights.up).map((h) => Math.max(0, h)));
    }
  }
  return all;
}

const norms = (rows) => rows[0].map((_, i) => Math.sqrt(rows.reduce((sum, row) => sum + row[i] ** 2, 0) / rows.length));
const magnitudes = ({ rows, columns, data }) =>
  Float64Array.from({ length: rows }, (_, i) =>
    data.slice(i * columns, (i + 1) * columns).reduce((sum, weight) => sum + Math.abs(weight), 0),
  );

const { report } = await prune(buildModel(), {
  ratios: { 'query-key': 0.5, value: 0.5, ffn: 0.5 },
  criterion: wanda,
  compensation: 'none',
  calibration,
});
const { query, key, value, hidden } = activations();
const expected = {
  'query-key': norms(query).map((norm, i) => norm * norms(key)[i]),
  value: norms(value).map((norm, i) => norm * magnitudes(weights.out)[i]),
  ffn: norms(hidden).map((norm, i) => norm * magnitudes(weights.down)[i]),
};

for (const [kind, wanted] of Object.entries(expected)) {
  const group = report.groups.find((candidate) => candidate.kind === kind);

  test(`${kind} neurons score the norm of their activation times the weights that read them`, () => {
    assert.equal(group.scores.length, wanted.length);
    for (const [unit, score] of group.scores.entries())
      assert.ok(Math.abs(score - wanted[unit]) < 1e-5 * wanted[unit], `unit ${unit}: ${score}, not ${wanted[unit]}`);
  });

  test(`the half of the ${kind} neurons with the lowest scores leaves`, () => {
    const lowest = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b]).slice(0, wanted.length / 2);
    assert.deepEqual(
      group.removed,
      lowest.sort((a, b) => a - b),
    );
  });
}
