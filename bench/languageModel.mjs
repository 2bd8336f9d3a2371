// `node bench/languageModel.mjs FOLDER [FILE...]`: prunes a language model to 0.9, 0.8 and 0.7 of its MACs by the command, and compares it with the original on texts that nothing saw, token by token. FOLDER holds
// `calib.txt`, `test.txt`, `tokenizer.json` and the files (default `nocache.onnx kvcache.onnx fp16.onnx`). Options behind `--` go to `snp prune`. Prints one line for each.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const given = process.argv.slice(2);
const at = given.indexOf('--');
const options = at < 0 ? [] : given.splice(at).slice(1);
const [folder, ...chosen] = given;
const files = chosen.length > 0 ? chosen : ['nocache.onnx', 'kvcache.onnx', 'fp16.onnx'];
const cli = fileURLToPath(new URL('../apps/cli/bin/snp.js', import.meta.url));
const snp = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [cli, ...args, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1e9,
    }),
  );
const temporary = await mkdtemp(join(tmpdir(), 'snp-language-'));
try {
  for (const file of files) {
    const model = join(folder, file);
    for (const macs of ['0.9', '0.8', '0.7']) {
      const out = join(temporary, 'out.onnx');
      const start = performance.now();
      const { fidelity: held } = snp(
        'prune',
        model,
        '--keep-macs',
        macs,
        '--calib',
        join(folder, 'calib.txt'),
        '-o',
        out,
        ...options,
      );
      const seconds = (performance.now() - start) / 1000;
      // As many tokens as the figures of this model were measured with.
      const { first, second, fidelity } = snp(
        'compare',
        model,
        out,
        '--data',
        join(folder, 'test.txt'),
        '--tokens',
        '250',
      );
      const share = (value) => `${(100 * value).toFixed(1)} %`;
      console.log(
        `${file} ${macs}: perplexity ${second.perplexity?.perToken.toFixed(2)} (${first.perplexity?.perToken.toFixed(2)}), divergence ${fidelity.divergence.toFixed(4)} per token, same next token ${share(fidelity.agreement)}; held back ${held?.divergence.toFixed(4)} (${held?.interval?.divergence.low.toFixed(4)} to ${held?.interval?.divergence.high.toFixed(4)}); ${seconds.toFixed(0)} s`,
      );
    }
  }
} finally {
  await rm(temporary, { recursive: true });
}
