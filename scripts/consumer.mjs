import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build, formatMessages } from 'esbuild';
import { entryPoints, root } from './workspace.mjs';

const run = promisify(execFile);

const model = join(root, 'examples', 'shapes', 'vit-shapes.onnx');

/** Package managers, and how each installs the dependencies of a package.json. */
const INSTALL = {
  npm: ['npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']],
  pnpm: [join(root, 'node_modules', '.bin', 'pnpm'), ['install', '--prefer-offline', '--ignore-workspace']],
};

/**
 * Does in an empty project what somebody does who takes the packages from a registry: installs packed packages with `manager`, compiles a program
 * that uses them in strict mode, declarations of the packages included, runs it with plain Node, bundles another for browsers, and calls the `snp` command.
 */
export async function consume(manager, packages, folder) {
  await mkdir(folder, { recursive: true });
  await writeProject(packages, folder);
  const bin = join(folder, 'node_modules', '.bin');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const call = (command, args) =>
    run(command, args, { cwd: folder, env, shell: process.platform === 'win32' }).catch((error) => {
      const what = [command, ...args].join(' ');
      throw new Error(`${manager}: '${what}' in ${folder}:\n${error.stdout ?? ''}${error.stderr ?? ''}`);
    });
  await call(...INSTALL[manager]);
  await call(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.']);
  await call(process.execPath, ['dist/everyEntry.js']);
  const { stdout } = await call(process.execPath, ['dist/main.js', model]);
  await checkBundle(folder);
  await call('snp', [
    'prune',
    model,
    '-o',
    'pruned.onnx',
    '--keep-macs',
    '60%',
    '--no-calib',
    '--report',
    'report',
    '--json',
  ]);
  await call('snp', ['verify', model, 'pruned.onnx', '--plan', 'report/plan.json', '--json']);
  return stdout.trim();
}

/** A bundle for browsers needs nothing of Node: it prunes a model wherever it runs. */
async function checkBundle(folder) {
  const outfile = join(folder, 'dist', 'page.bundle.mjs');
  const entryPoints = [join(folder, 'page.ts')];
  const options = { entryPoints, outfile, bundle: true, format: 'esm', platform: 'browser', logLevel: 'silent' };
  const { warnings } = await build(options);
  if (warnings.length > 0) throw new Error((await formatMessages(warnings, { kind: 'warning' })).join('\n'));
  const { pruneBytes } = await import(pathToFileURL(outfile).href);
  const { chunks, plan } = await pruneBytes(await readFile(model));
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  if (Object.keys(plan.groups).length > 0 && size < (await stat(model)).size) return;
  throw new Error(`The bundle of ${folder} prunes nothing: ${size} bytes are left.`);
}

async function writeProject(packages, folder) {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const tarballs = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: { ...tarballs, 'onnxruntime-node': devDependencies['onnxruntime-node'] },
    devDependencies: { '@types/node': devDependencies['@types/node'] },
    // The packages find one another among the packed ones, never in a registry.
    overrides: Object.fromEntries(packages.map(({ name }) => [name, `$${name}`])),
    pnpm: { overrides: tarballs },
  };
  const config = {
    compilerOptions: {
      target: 'ES2022',
      lib: ['ES2023'],
      module: 'NodeNext',
      strict: true,
      skipLibCheck: false,
      rootDir: '.',
      outDir: 'dist',
      types: ['node'],
    },
    include: ['*.ts'],
  };
  const entries = packages.flatMap(entryPoints).map(({ specifier }) => specifier);
  const everyEntry = [
    ...entries.map((specifier, at) => `import * as entry${at} from '${specifier}';`),
    `const entries = { ${entries.map((specifier, at) => `'${specifier}': entry${at}`).join(', ')} };`,
    'for (const [name, entry] of Object.entries(entries))',
    "  if (Object.keys(entry).length === 0) throw new Error(name + ' exports nothing');",
    // What two entries of a package export is one thing: classes are told by `instanceof`.
    'const seen = new Map<string, unknown>();',
    'for (const [path, entry] of Object.entries(entries)) {',
    '  for (const [name, value] of Object.entries(entry)) {',
    "    const own = path.split('/').slice(0, 2).join('/') + ' ' + name;",
    "    if (seen.has(own) && seen.get(own) !== value) throw new Error('there are two of ' + own);",
    '    seen.set(own, value);',
    '  }',
    '}',
  ];
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  // As the packages' READMEs advise; and a registry that does not exist, so that nothing is taken from the real one by mistake.
  await writeFile(
    join(folder, '.npmrc'),
    'onnxruntime-node-install=skip\n@snp:registry=http://localhost:9/\nfetch-retries=0\n',
  );
  await writeFile(join(folder, 'everyEntry.ts'), `${everyEntry.join('\n')}\n`);
  for (const name of ['main.ts', 'page.ts'])
    await copyFile(join(root, 'scripts', 'consumer', name), join(folder, name));
}
