// `npm run test:long [FACTOR]`: the searches of the tests with FACTOR times (default 10) as many models as CI draws, from other seeds.
import { run } from './run.mjs';

const factor = Number(process.argv[2] ?? 10);
const RUNS = {
  SNP_SEARCH_RUNS: 100,
  SNP_CONFORMANCE_RUNS: 300,
  SNP_PROGRAM_RUNS: 100,
  SNP_INSTANCES: 300,
  SNP_GRADIENT_RUNS: 6,
};
const SEEDS = ['SNP_SEARCH_SEED', 'SNP_CONFORMANCE_SEED', 'SNP_PROGRAM_SEED', 'SNP_GRADIENT_SEED'];
const FILES = [
  'packages/core/test/search/',
  'packages/core/test/conformance/',
  'packages/core/test/attention/operators',
  'packages/onnx/test/conformance',
  'packages/onnx/test/shapePrograms',
  'packages/gradient/test/',
];

for (const [name, runs] of Object.entries(RUNS)) process.env[name] ??= String(factor * runs);
for (const name of SEEDS) process.env[name] ??= '7';
run('vitest', ['run', '--testTimeout', '36000000', ...FILES]);
