import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/server.js';

const SNP = fileURLToPath(new URL('../../cli/bin/snp.js', import.meta.url));
const root = temporaryFolder();
const file = join(root, 'file');
writeFileSync(file, '');

/** A data folder in which something else has a place that the server needs. */
function taken(name: string, asFolder = false): string {
  const data = temporaryFolder();
  if (asFolder) mkdirSync(join(data, name));
  else writeFileSync(join(data, name), '');
  return data;
}

/** Runs the command until it ends, or for so long; what it said on stderr. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [SNP, ...args], {
    env: { ...process.env, DATABASE_URL: '', SNP_S3_URL: '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 90_000);
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  return new Promise((resolve) =>
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, said });
    }),
  );
}

const serve = (data: string, ...more: string[]) => [
  'serve',
  '--log-level',
  'silent',
  '--port',
  '0',
  '--data',
  data,
  ...more,
];
const S3 = { SNP_S3_KEY_ID: 'a', SNP_S3_SECRET: 'secret-of-s3' };

describe('a wrong configuration ends in one line that names it', () => {
  it.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
    ['port', serve(root, '--port', '99999'), {}, /port .*65535/i],
    ['address', serve(root, '--host', '300.1.1.1'), {}, /300\.1\.1\.1/],
    ['public URL', serve(root, '--public-url', 'notaurl'), {}, /public URL .*notaurl/],
    ['public URL with a query', serve(root, '--public-url', 'https://x/?a=b'), {}, /public URL/],
    ['public URL of another kind', serve(root, '--public-url', 'ftp://x'), {}, /public URL/],
    ['data folder that cannot be made', serve(join(file, 'x')), {}, /file/],
    ['data folder that is a file', serve(file), {}, /file/],
    ['data folder in /proc', serve('/proc/snp'), {}, /\/proc\/snp/],
    ['artefacts folder', serve(root, '--artefacts', join(file, 'x')), {}, /file.x cannot be used/],
    ['largest upload', serve(root, '--largest-upload', '0'), {}, /uploadBytes/],
    ['database', serve(root), { DATABASE_URL: 'nonsense' }, /DATABASE_URL/],
    ['S3', serve(root), { SNP_S3_URL: 'notaurl', ...S3 }, /SNP_S3_URL/],
    ['S3 that is not there', serve(root), { SNP_S3_URL: 'http://127.0.0.1:9/x', ...S3 }, /store|S3/],
    ...['database', 'uploads', 'jobs', 'artefacts'].map((name): [string, string[], NodeJS.ProcessEnv, RegExp] => [
      `place of ${name}`,
      serve(taken(name)),
      {},
      /cannot be used/,
    ]),
    ['place of the token', serve(taken('token', true)), {}, /token/],
    ['worker without a database', ['worker', '--data', root], {}, /DATABASE_URL/],
    ['worker, database', ['worker', '--data', root], { DATABASE_URL: 'nonsense' }, /DATABASE_URL/],
    ['agent, port', ['agent', '--data', root, '--port', '99999'], {}, /port .*65535/i],
    ['agent, server', ['agent', '--data', root, '--server', 'notaurl', '--token', 'x'], {}, /notaurl/],
    ['agent, data folder', ['agent', '--data', join(file, 'x')], {}, /file/],
  ])('%s', async (_, args, env, says) => {
    const { code, said } = await run(args, env);
    const lines = said.trim().split('\n');
    // The command line's own errors say where its options are told.
    if (lines[1] === '(run with --help for the options)') lines.pop();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^error:? /);
    expect(lines[0]).toMatch(says);
    expect(lines[0]).not.toMatch(/undefined|secret-of-s3/);
    expect(code).toBe(1);
  });
});
