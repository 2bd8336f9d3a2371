// `node bench/linearAlgebra.mjs [SIZES [LONGEST [TASK...]]]`: eigenvalues, singular values and Cholesky solutions by our own code and by kept libraries of npm, in turns: times
// of the processor beside ours, and errors. Installs the libraries into a temporary folder. What would take longer than LONGEST seconds (default 120) by the last size is left out.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { solvePositive, svd, symmetricEigen } from '@snp/runtime';

const sizes = (process.argv[2] ?? '64,192,768').split(',').map(Number);
const longest = Number(process.argv[3] ?? 120);
const chosen = process.argv.slice(4);
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

/** |A - U S V^T| beside the largest singular value. */
function svdError(a, n, { s, left, right }) {
  let worst = 0;
  for (let i = 0; i < n; i += Math.max(1, n >> 5)) {
    for (let j = 0; j < n; j++) {
      let sum = -a[i * n + j];
      for (let k = 0; k < n; k++) sum += s[k] * left(i, k) * right(j, k);
      worst = Math.max(worst, Math.abs(sum));
    }
  }
  return worst / largest(Array.from(s));
}

/** |U^T U - I| */
function angleError(_, n, { left }) {
  let worst = 0;
  for (let k = 0; k < n; k += Math.max(1, n >> 5)) {
    for (let l = 0; l < n; l++) {
      let sum = k === l ? -1 : 0;
      for (let i = 0; i < n; i++) sum += left(i, k) * left(i, l);
      worst = Math.max(worst, Math.abs(sum));
    }
  }
  return worst;
}

/** The second half of the rows are the first once more. */
const halfRank = (a, n) => a.map((_, at) => a[at % ((n / 2) * n)]);

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

/** Singular values with elements (i, k) of the k-th vectors. */
const svds = {
  ours: (a, n) => {
    const { s, ut, vt } = svd(a, n);
    return { s, left: (i, k) => ut[k * n + i], right: (j, k) => vt[k * n + j] };
  },
  'ml-matrix': (a, n) => {
    const {
      diagonal,
      leftSingularVectors: u,
      rightSingularVectors: v,
    } = new ml.SingularValueDecomposition(new ml.Matrix(rowsOf(a, n)));
    return { s: diagonal, left: (i, k) => u.get(i, k), right: (j, k) => v.get(j, k) };
  },
  'numpy-ts': (a, n) => {
    const { u, s, vt } = np.linalg.svd(np.array(rowsOf(a, n)));
    return { s: s.data, left: (i, k) => u.data[i * n + k], right: (j, k) => vt.data[k * n + j] };
  },
  eigen: (a, n) => {
    const { U, sv, V } = eig.Decompositions.svd(new eig.Matrix(rowsOf(a, n)), false);
    const s = Float64Array.from({ length: n }, (_, k) => sv.get(k, 0));
    return { s, left: (i, k) => U.get(i, k), right: (j, k) => V.get(j, k) };
  },
};

/** What each makes of a matrix, checked. */
const svdsOf = (matrix, errorOf) =>
  Object.fromEntries(
    Object.entries(svds).map(([name, way]) => [
      name,
      (a, n) => {
        const found = way(matrix(a, n), n);
        return () => errorOf(matrix(a, n), n, found);
      },
    ]),
  );

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
  'singular values and vectors': svdsOf((a) => a, svdError),
  'left singular vectors at half the rank': svdsOf(halfRank, angleError),
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

/** Of the processor: whatever else the machine does counts for nobody. */
function milliseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const last = {};
process.stdout.write('| task | size | library | ms | beside ours | error |\n| --- | --- | --- | --- | --- | --- |\n');
for (const n of sizes) {
  const a = covariance(n);
  const b = Float64Array.from({ length: n }, random);
  for (const [task, ways] of Object.entries(tasks)) {
    if (chosen.length > 0 && !chosen.includes(task)) continue;
    const times = {};
    const results = {};
    // Small ones are done many times over in a pruning, by code that is compiled by then.
    const rounds = n <= 64 ? 100 : n <= 192 ? 10 : 1;
    for (let round = 1; round <= rounds; round++) {
      for (const [name, way] of Object.entries(ways)) {
        const before = last[`${task} ${name}`];
        if (!before || before.ms * (n / before.n) ** 3 <= longest * 1000) {
          const start = milliseconds();
          try {
            const check = way(a, n, b);
            times[name] = [...(times[name] ?? []), milliseconds() - start];
            results[name] ??= check();
          } catch (error) {
            results[name] = `fails: ${String(error.message ?? error).slice(0, 60)}`;
          }
        }
        // At once: the next may take minutes.
        if (round === rounds) tell(task, n, name, times, results[name]);
      }
    }
  }
}

function tell(task, n, name, times, result) {
  const least = (of) => Math.min(...(times[of] ?? [Number.NaN]));
  const ms = times[name] && least(name);
  if (ms !== undefined) last[`${task} ${name}`] = { n, ms };
  const told = typeof result === 'number' ? result.toPrecision(3) : (result ?? 'left out: too long');
  process.stdout.write(
    `| ${task} | ${n} | ${name} | ${ms === undefined ? '' : ms.toPrecision(3)} | ${ms === undefined ? '' : (ms / least('ours')).toFixed(2)} | ${told} |\n`,
  );
}
await rm(folder, { recursive: true });
process.exit(0);
