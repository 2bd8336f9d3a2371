// `node bench/generation.mjs FOLDER [FILE]`: what becomes of a language model with a cache in float16. FOLDER holds `calib.txt`, `test.txt`, `tokenizer.json` and FILE (default `kvcache.onnx`), which is rounded to float16 whole where it
// is float32. Prunes it to 0.8 of its MACs by the command, with its interface kept and with a narrower cache; verifies the result by the command; and lets original and results go on with the begin of each text of
// `test.txt` (16 tokens), 32 tokens, with the cache and reading the whole text for each token. Prints in how many texts these are the same, and where not, how far apart the two best scores are in float16 steps.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { continueGreedily } from '@snp/core';
import { readModel, writeModel } from '@snp/onnx/node';
import { floatsOf, onnxRuntime, textFeeds, texts } from '@snp/runtime';
import { retyped } from '../packages/testing/dist/index.js';

const [PROMPT, COUNT] = [16, 32];
const [folder, file = 'kvcache.onnx'] = process.argv.slice(2);
const cli = fileURLToPath(new URL('../apps/cli/bin/snp.js', import.meta.url));
const snp = (...args) =>
  execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const temporary = await mkdtemp(join(tmpdir(), 'snp-generation-'));
const inside = (name) => join(temporary, name);
const runtime = onnxRuntime();
try {
  await copyFile(join(folder, 'tokenizer.json'), inside('tokenizer.json'));
  await writeModel(retyped(await readModel(join(folder, file)), 'FLOAT', 'FLOAT16'), inside('half.onnx'));
  console.log(`original: ${await generated(inside('half.onnx'))}`);
  for (const options of [[], ['--narrow-cache']]) {
    const out = inside(`half${options.join('')}.snp.onnx`);
    const report = inside(`report${options.join('')}`);
    const { fidelity } = JSON.parse(
      snp(
        'prune',
        inside('half.onnx'),
        '--keep-macs',
        '0.8',
        '--calib',
        join(folder, 'calib.txt'),
        '-o',
        out,
        ...options,
        '--report',
        report,
        '--json',
      ),
    );
    const proof = snp('verify', inside('half.onnx'), out, '--plan', join(report, 'plan.json')).trim();
    console.log(
      `${options.join(' ') || 'interface kept'}: held back divergence ${fidelity.divergence.toFixed(4)}; ${proof}; ${await generated(out)}`,
    );
  }
} finally {
  await rm(temporary, { recursive: true });
}

async function generated(path) {
  const session = await runtime.open(path);
  try {
    const data = await texts(join(folder, 'test.txt'), {
      inputs: session.inputs,
      tokenizer: inside('tokenizer.json'),
      tokens: PROMPT,
    });
    let [same, tokens] = [0, 0];
    const apart = [];
    for await (const { feeds } of data.samples()) {
      const ids = Array.from(feeds.input_ids.data, Number);
      if (ids.length < PROMPT) continue;
      tokens++;
      const [withCache, without] = [
        await continueGreedily(session, ids, { count: COUNT, output: 'logits' }),
        await continueGreedily(session, ids, { count: COUNT, output: 'logits', cache: false }),
      ];
      const first = withCache.findIndex((id, at) => id !== without[at]);
      if (first < 0) same++;
      else apart.push(await gap(session, [...ids, ...without.slice(0, first)]));
    }
    const where =
      apart.length > 0 ? `, elsewhere the two best scores are ${apart.join(', ')} steps of float16 apart` : '';
    return `with its cache as without in ${same} of ${tokens} texts${where}`;
  } finally {
    await session.close();
  }
}

/** Steps of float16 between the two best scores of the next token. */
async function gap(session, ids) {
  const { logits } = await session.run(textFeeds(ids, session.inputs), { fetches: ['logits'] });
  const row = floatsOf(logits).slice(-logits.dims.at(-1)).sort();
  const [second, best] = row.slice(-2);
  return Math.round((best - second) / 2 ** (Math.floor(Math.log2(Math.abs(best))) - 10));
}
