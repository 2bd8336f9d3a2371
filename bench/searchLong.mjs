// `node bench/searchLong.mjs [MODELS] [SEED] [PROCESSES]`: draws so many Transformers of random spellings (default 100000, seed 1, in 2 processes), prunes each at random and
// holds it against formulas in float64. Prints how many ran, were pruned right, were wrong, were refused with a reason, and kept widths that the formulas do not need whole,
// what the refusals said, and the pieces of models that kept such widths; and the smallest model of each failure.
import { spawn } from 'node:child_process';

const [models, seed, processes] = [100_000, 1, 2].map((preset, at) => Number(process.argv[2 + at] ?? preset));
const totals = {};
const lists = { refusals: {}, 'widths kept without need': {} };
let failed = false;

function addAll(sums, json = '{}') {
  for (const [name, count] of Object.entries(JSON.parse(json))) sums[name] = (sums[name] ?? 0) + count;
}

/** Models of one call of the test: what was found is told while the search goes on. */
const CHUNK = 500;

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
      addAll(totals, counts?.[1]);
      for (const name of Object.keys(lists)) addAll(lists[name], new RegExp(`${name} (\\{.*\\})`).exec(output)?.[1]);
      resolve();
    }),
  );
}

const start = Date.now();
const chunks = Math.ceil(models / CHUNK);
let begun = 0;
let done = 0;
await Promise.all(
  Array.from({ length: processes }, async () => {
    while (begun < chunks) {
      const at = begun++;
      await search(Math.min(CHUNK, models - at * CHUNK), seed * chunks + at);
      const { all: _, closed: __, ...counts } = totals;
      const left = ((Date.now() - start) / ++done) * (chunks - done);
      process.stderr.write(
        `${done} of ${chunks} parts, ${Math.round(left / 60_000)} min left: ${JSON.stringify(counts)}\n`,
      );
    }
  }),
);
const { all = 0, closed = 0, ...counts } = totals;
const seconds = (Date.now() - start) / 1000;
console.log(
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', '),
);
for (const [name, counts] of Object.entries(lists)) {
  const most = Object.entries(counts).sort(([, a], [, b]) => b - a);
  console.log(
    `${name}: ${most
      .slice(0, 30)
      .map(([what, count]) => `${count} ${what}`)
      .join('; ')}`,
  );
}
console.log(
  `${((100 * closed) / all).toFixed(1)} % of ${all} widths have nothing that can leave; ${(models / seconds).toFixed(0)} models/s`,
);
process.exitCode = failed ? 1 : 0;
