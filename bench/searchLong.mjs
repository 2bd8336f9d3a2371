// `node bench/searchLong.mjs [MODELS] [SEED] [PROCESSES]`: draws so many Transformers of random spellings (default 100000, seed 1, in 2 processes), prunes each at random and
// holds it against formulas in float64. Prints how many ran, were pruned right, were refused, and were wrong, with the smallest model of each failure.
import { spawn } from 'node:child_process';

const [models, seed, processes] = [100_000, 1, 2].map((preset, at) => Number(process.argv[2 + at] ?? preset));
const totals = {};
let failed = false;

function search(share, ownSeed) {
  const env = { ...process.env, SNP_SEARCH_RUNS: String(share), SNP_SEARCH_SEED: String(ownSeed) };
  const child = spawn('npx', ['vitest', 'run', 'test/search/spellings.test.ts', '--reporter=verbose'], {
    cwd: new URL('../packages/core', import.meta.url),
    env,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  return new Promise((resolve) =>
    child.on('close', (code) => {
      const counts = /spellings (\{.*?\})/.exec(output);
      if (code !== 0 || !counts) {
        failed = true;
        process.stdout.write(output);
      }
      for (const [name, count] of Object.entries(counts ? JSON.parse(counts[1]) : {})) {
        totals[name] = (totals[name] ?? 0) + count;
      }
      resolve();
    }),
  );
}

const start = Date.now();
await Promise.all(
  Array.from({ length: processes }, (_, at) => search(Math.ceil(models / processes), seed * processes + at)),
);
const { all = 0, closed = 0, ...counts } = totals;
const seconds = (Date.now() - start) / 1000;
console.log(
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', '),
);
console.log(
  `${((100 * closed) / all).toFixed(1)} % of ${all} widths have nothing that can leave; ${(models / seconds).toFixed(0)} models/s`,
);
process.exitCode = failed ? 1 : 0;
