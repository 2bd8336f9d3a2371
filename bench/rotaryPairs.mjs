// `node bench/rotaryPairs.mjs STATS`: how much of what leaves with rotary pairs those that stay could make up for, by scaling and turning each (the two moves that commute with rotation), by least squares, head by head. STATS is
// what `snp calibrate` gathers of a model whose heads rotate halves. Prints, per layer and share that stays, the part of the squared error of the scores that this would explain.
import { loadStatistics } from '@snp/core';
import { solvePositive, triangleAt } from '@snp/runtime';

const { groups } = await loadStatistics(process.argv[2]);
const found = [];
for (const [id, { pairMoments }] of groups) {
  if (!pairMoments) continue;
  for (const share of [1 / 2, 3 / 4]) {
    const explained = explainedBy(pairMoments, share);
    found.push(explained);
    console.log(`${id}, ${share} of the pairs: ${(100 * explained).toFixed(1)} %`);
  }
}
console.log(`mean ${((100 * found.reduce((sum, x) => sum + x, 0)) / found.length).toFixed(1)} %`);

function explainedBy({ count, queries, keys }, share) {
  const pairs = Math.round((Math.sqrt(8 * queries[0].length + 1) - 1) / 4);
  const of = (side, head) => (i, j) => side[head][triangleAt(i, j)] / count;
  const heads = queries.map((_, head) => ({ q: of(queries, head), k: of(keys, head) }));
  const power = (pair) =>
    heads.reduce(
      (sum, { q, k }) =>
        sum + (q(pair, pair) + q(pair + pairs, pair + pairs)) * (k(pair, pair) + k(pair + pairs, pair + pairs)),
      0,
    );
  const order = Array.from({ length: pairs }, (_, pair) => pair).sort((a, b) => power(b) - power(a));
  const keep = Math.round(share * pairs);
  // Bilinear forms of a query and a key: entries [of the query, of the key, factor].
  const scaled = (pair) => [
    [pair, pair, 1],
    [pair + pairs, pair + pairs, 1],
  ];
  const turned = (pair) => [
    [pair, pair + pairs, 1],
    [pair + pairs, pair, -1],
  ];
  const basis = order.slice(0, keep).flatMap((pair) => [scaled(pair), turned(pair)]);
  const leaving = order.slice(keep).flatMap(scaled);
  let [whole, explained] = [0, 0];
  for (const { q, k } of heads) {
    // Mean product of two forms, queries and keys independent of each other.
    const product = (a, b) =>
      a.reduce((sum, [i, j, x]) => sum + b.reduce((own, [m, n, y]) => own + x * y * q(i, m) * k(j, n), 0), 0);
    const right = Float64Array.from(basis, (form) => product(form, leaving));
    const gram = Float64Array.from(basis.flatMap((a) => basis.map((b) => product(a, b))));
    const ridge = (1e-4 * basis.reduce((sum, _, at) => sum + gram[at * (basis.length + 1)], 0)) / basis.length;
    for (let at = 0; at < basis.length; at++) gram[at * (basis.length + 1)] += ridge;
    const solution = solvePositive(gram, basis.length, Float64Array.from(right), 1);
    whole += product(leaving, leaving);
    explained += solution.reduce((sum, x, at) => sum + x * right[at], 0);
  }
  return explained / whole;
}
