// Builds, packs and tests the example criterion as somebody would who has nothing but the published packages: from packed tarballs, in a folder outside of
// the repository. Then uses it in the library, in the command and in a configuration file, which must give the same bytes.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SEEDS, writePictures } from '../examples/shapes/pictures.mjs';
import { pack } from './pack.mjs';
import { publishedPackages } from './workspace.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const example = join(root, 'examples', 'criterion-wanda');
const folder = mkdtempSync(join(tmpdir(), 'snp-outside-'));
const at = (...names) => join(folder, ...names);
const windows = process.platform === 'win32';

/** The library, in strict TypeScript. */
const LIBRARY = `import { readModel } from '@snp/onnx/node';
import { prune, type PruneReport } from '@snp/core';
import { openCalibration } from '@snp/runtime';
import wanda from 'snp-criterion-wanda';

const model = await readModel('vit.onnx');
const inputs = [{ name: 'pixels', type: 'FLOAT', dims: [undefined, 3, 32, 32] }] as const;
const calibration = await openCalibration('pictures', { inputs: [...inputs], preprocess: 'preprocessor_config.json' });
const result = await prune(model, { budget: { macs: 0.7 }, criterion: wanda, compensation: 'ridge', calibration });
const report: PruneReport = result.report;
if (report.criterion !== 'wanda') throw new Error(report.criterion);
await result.write('library.onnx');
`;
const CONFIG = `import { defineConfig } from '@snp/cli/config';
import wanda from 'snp-criterion-wanda';

export default defineConfig({
  budget: { macs: '70%' },
  criterion: wanda,
  compensation: 'ridge',
  calibration: { data: 'pictures', preprocess: 'preprocessor_config.json' },
  output: 'config.onnx',
});
`;
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    types: ['node'],
    outDir: 'built',
    rootDir: '.',
  },
  files: ['library.ts', 'snp.config.ts'],
};

try {
  const packed = pack(publishedPackages(), at('tarballs'));
  const tarballs = Object.fromEntries(packed.map(({ name, tarball }) => [name, tarball]));
  const { devDependencies } = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8'));
  const others = Object.entries(devDependencies).filter(([name]) => !(name in tarballs));
  const dependencies = { ...Object.fromEntries(others) };
  for (const [name, tarball] of Object.entries(tarballs)) dependencies[name] = `file:${tarball}`;
  writeJson('package.json', { name: 'outside', private: true, type: 'module', dependencies });
  run('npm', ['install', ...quiet()]);

  // The author: what stands in the folder of the example, and the packages found above it.
  cpSync(example, at('author'), { recursive: true, filter: (path) => !/[\\/](node_modules|dist)$/.test(path) });
  run('npm', ['pack', '--silent', '--pack-destination', folder], at('author'));
  run('npm', ['install', './snp-criterion-wanda-1.0.0.tgz', ...quiet()]);
  cpSync(join(example, 'test'), at('test'), { recursive: true });
  run(process.execPath, ['--test', 'test/wanda.test.mjs']);

  // The users.
  mkdirSync(at('pictures'));
  await writePictures(at('pictures'), { count: 24, seed: SEEDS.calibration });
  cpSync(join(root, 'examples', 'shapes', 'vit-shapes.onnx'), at('vit.onnx'));
  cpSync(join(root, 'examples', 'shapes', 'preprocessor_config.json'), at('preprocessor_config.json'));
  writeFileSync(at('library.ts'), LIBRARY);
  writeFileSync(at('snp.config.ts'), CONFIG);
  writeJson('tsconfig.json', TSCONFIG);
  run('npx', ['tsc', '-p', '.']);
  run(process.execPath, ['built/library.js']);
  const data = ['--calib', 'pictures', '--preprocess', 'preprocessor_config.json', '--compensation', 'ridge'];
  const plugin = ['--no-config', '--keep-macs', '70%', '--plugin', 'snp-criterion-wanda', '-o', 'command.onnx'];
  run('npx', ['snp', 'prune', 'vit.onnx', ...plugin, ...data]);
  run('npx', ['snp', 'prune', 'vit.onnx']);
  const [library, command, config] = ['library', 'command', 'config'].map((name) => readFileSync(at(`${name}.onnx`)));
  if (!library.equals(command) || !library.equals(config))
    throw new Error('library, command and configuration file do not give the same model');
  process.stdout.write('the example criterion works from tarballs in library, command and configuration file\n');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function quiet() {
  return ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel', 'error'];
}

function writeJson(name, content) {
  writeFileSync(at(name), `${JSON.stringify(content, null, 2)}\n`);
}

function run(command, args, cwd = folder) {
  // Its binaries are inside the package.
  const env = { ...process.env, npm_config_onnxruntime_node_install: 'skip' };
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', shell: windows });
  if (error) throw error;
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}`);
  throw new Error(`${[command, ...args].join(' ')} failed`);
}
