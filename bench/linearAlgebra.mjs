// `node bench/linearAlgebra.mjs [SIZES [LONGEST]]`: eigenvalues, singular values and Cholesky solutions by our own code and by kept libraries of npm, in turns: times
// beside ours, and errors. Installs the libraries into a temporary folder. What would take longer than LONGEST seconds (default 120) by the last size is left out.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { solvePositive, svd, symmetricEigen } from '@snp/runtime';

const sizes = (process.argv[2] ?? '64,192,768').split(',').map(Number);
const longest = Number(process.argv[3] ?? 120);
const LIBRARIES = ['ml-matrix@6.15.1', 'numpy-ts@1.7.0', 'eigen@0.2.2'];
const folder = await mkdtemp(join(tmpdir(), 'snp-linear-'));
execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--prefix', folder, ...LIBRARIES], {
  stdio: 'ignore',
});
const require = createRequire(join(folder, 'index.js'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const ml = await load('ml-matrix');
const np = await import(pathToFileURL(join(folder, 'node_modules/numpy-ts/dist/esm/index.js')).href).catch(() =>
  load('numpy-ts'),
);
const eig = (await load('eigen')).default;
await eig.ready;

let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
};

/** A covariance of twice as many rows as columns, as calibration gives them. */
function covariance(n) {
  const rows = Array.from({ length: 2 * n }, () => Float64Array.from({ length: n }, random));
  const a = new Float64Array(n * n);
  for (const row of rows)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j] += (row[i] * row[j]) / rows.length;
  return a;
}

const rowsOf = (a, n) => Array.from({ length: n }, (_, i) => Array.from(a.subarray(i * n, (i + 1) * n)));
const largest = (list) => list.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** |A v - l v| beside the largest eigenvalue, over all pairs; vectors as rows. */
function eigenError(a, n, values, vectors) {
  let worst = 0;
  for (let k = 0; k < n; k += Math.max(1, n >> 5)) {
    for (let i = 0; i < n; i++) {
      let sum = -values[k] * vectors[k * n + i];
      for (let j = 0; j < n; j++) sum += a[i * n + j] * vectors[k * n + j];
      worst = Math.max(worst, Math.abs(sum));
    }
  }
  return worst / largest(Array.from(values));
}

function solveError(a, n, x, b) {
  let worst = 0;
  for (let i = 0; i < n; i++) {
    let sum = -b[i];
    for (let j = 0; j < n; j++) sum += a[i * n + j] * x[j];
    worst = Math.max(worst, Math.abs(sum));
  }
  return worst / largest(Array.from(b));
}

const turned = (data, n) => Float64Array.from({ length: n * n }, (_, at) => data[(at % n) * n + Math.floor(at / n)]);
const flat = (matrix) => Float64Array.from(matrix.to1DArray ? matrix.to1DArray() : matrix.data);

const tasks = {
  'eigenvalues and vectors': {
    ours: (a, n) => {
      const { values, vectors } = symmetricEigen(a, n);
      return () => eigenError(a, n, values, vectors);
    },
    'ml-matrix': (a, n) => {
      const found = new ml.EigenvalueDecomposition(new ml.Matrix(rowsOf(a, n)), { assumeSymmetric: true });
      return () => eigenError(a, n, found.realEigenvalues, turned(flat(found.eigenvectorMatrix), n));
    },
    'numpy-ts': (a, n) => {
      const { w, v } = np.linalg.eigh(np.array(rowsOf(a, n)));
      return () => eigenError(a, n, Float64Array.from(w.data), turned(v.data, n));
    },
    eigen: (a, n) => {
      const { eigenvalues } = eig.Solvers.eigenSolve(new eig.Matrix(rowsOf(a, n)), true);
      return () => (eigenvalues ? Number.NaN : Number.NaN);
    },
  },
  'singular values and vectors': {
    ours: (a, n) => {
      const { s } = svd(a, n);
      return () => s[0];
    },
    'ml-matrix': (a, n) => {
      const { diagonal } = new ml.SingularValueDecomposition(new ml.Matrix(rowsOf(a, n)));
      return () => diagonal[0];
    },
    'numpy-ts': (a, n) => {
      const { s } = np.linalg.svd(np.array(rowsOf(a, n)));
      return () => s.data[0];
    },
    eigen: (a, n) => {
      const { sv } = eig.Decompositions.svd(new eig.Matrix(rowsOf(a, n)), false);
      const value = sv.get(0, 0);
      return () => value;
    },
  },
  'Cholesky solution': {
    ours: (a, n, b) => {
      const x = solvePositive(Float64Array.from(a), n, Float64Array.from(b), 1);
      return () => solveError(a, n, x, b);
    },
    'ml-matrix': (a, n, b) => {
      const x = new ml.CholeskyDecomposition(new ml.Matrix(rowsOf(a, n))).solve(ml.Matrix.columnVector(Array.from(b)));
      return () => solveError(a, n, flat(x), b);
    },
    'numpy-ts': (a, n, b) => {
      const x = np.linalg.solve(np.array(rowsOf(a, n)), np.array(Array.from(b)));
      return () => solveError(a, n, x.data, b);
    },
    eigen: (a, n, b) => {
      const { L } = eig.Decompositions.cholesky(new eig.Matrix(rowsOf(a, n)));
      return () => (L && b ? Number.NaN : Number.NaN);
    },
  },
};

const last = {};
process.stdout.write(
  '| task | size | library | ms | beside ours | error or largest value |\n| --- | --- | --- | --- | --- | --- |\n',
);
for (const n of sizes) {
  const a = covariance(n);
  const b = Float64Array.from({ length: n }, random);
  for (const [task, ways] of Object.entries(tasks)) {
    const times = {};
    const results = {};
    const rounds = n <= 192 ? 5 : 1;
    for (let round = 0; round < rounds; round++) {
      for (const [name, way] of Object.entries(ways)) {
        const before = last[`${task} ${name}`];
        if (before && before.ms * (n / before.n) ** 3 > longest * 1000) continue;
        const start = performance.now();
        try {
          const check = way(a, n, b);
          times[name] = [...(times[name] ?? []), performance.now() - start];
          results[name] ??= check();
        } catch (error) {
          results[name] = `fails: ${String(error.message ?? error).slice(0, 60)}`;
        }
      }
    }
    const own = Math.min(...(times.ours ?? [Number.NaN]));
    for (const name of Object.keys(ways)) {
      const ms = times[name] && Math.min(...times[name]);
      if (ms !== undefined) last[`${task} ${name}`] = { n, ms };
      const result = results[name];
      const told = typeof result === 'number' ? result.toPrecision(3) : (result ?? 'left out: too long');
      process.stdout.write(
        `| ${task} | ${n} | ${name} | ${ms === undefined ? '' : ms.toPrecision(3)} | ${ms === undefined ? '' : (ms / own).toFixed(2)} | ${told} |\n`,
      );
    }
  }
}
await rm(folder, { recursive: true });
process.exit(0);
