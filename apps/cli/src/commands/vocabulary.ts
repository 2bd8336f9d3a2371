import { type KeptVocabulary, keepVocabulary } from '@snp/core';
import { writeModel } from '@snp/onnx/node';
import { narrowTokenizer, onnxRuntime, type TokenizerJson, tokenizerBeside, usedTokens } from '@snp/runtime';
import { Command } from 'commander';
import pc from 'picocolors';
import { checkWritable, defaultOutput, fileSize, readJson } from '../options/files.js';
import { followLinksOption, type ModelOptions, openModel } from '../options/model.js';
import { noVerifyOption } from '../options/verify.js';
import { bytes, percent } from '../output/format.js';
import { printJson } from '../output/json.js';

interface VocabularyOptions extends ModelOptions {
  keep: string;
  output?: string;
  tokenizer?: string;
  field?: string;
  verify: boolean;
  json?: boolean;
}

/** `snp vocabulary`: takes tokens out of a language model and its tokenizer. */
export function vocabularyCommand(): Command {
  return new Command('vocabulary')
    .description('take tokens that are not needed out of a language model and its tokenizer')
    .argument('<model>', 'ONNX file; it is not changed')
    .requiredOption(
      '--keep <FILE>',
      'texts (.txt, .jsonl, a folder) whose tokens stay, or a .json list of their numbers; characters, bytes and special tokens stay in any case',
    )
    .option(
      '-o, --output <FILE>',
      'where the model goes, with NAME.tokenizer.json beside it (default: NAME.vocabulary.onnx in the current folder)',
    )
    .option(
      '--tokenizer <FILE>',
      "tokenizer.json as Hugging Face writes it (default: the one in the model's folder, or in the folder around it)",
    )
    .option('--field <NAME>', 'for .jsonl and .json: field that holds the text (default: text, content or sentence)')
    .addOption(noVerifyOption())
    .addOption(followLinksOption())
    .option('--json', 'print one JSON document on stdout')
    .action(run);
}

async function run(path: string, options: VocabularyOptions): Promise<void> {
  const output = options.output ?? defaultOutput(path, 'vocabulary');
  const tokenizerOutput = `${output.replace(/\.onnx$/i, '')}.tokenizer.json`;
  await checkWritable(output, path);
  const file = options.tokenizer ?? (await tokenizerBeside(path));
  if (file !== undefined) await checkWritable(tokenizerOutput, file);
  const model = await openModel(path, options);
  const used = await usedTokens(options.keep, { tokenizer: file, field: options.field });
  const source = file === undefined ? undefined : ((await readJson(file)) as TokenizerJson);
  const narrowed = source && narrowTokenizer(source, used);
  const result = await keepVocabulary(model, narrowed?.kept ?? [...used], {
    runtime: options.verify ? onnxRuntime() : undefined,
  });
  const tokenizer = narrowed && { [tokenizerOutput]: `${JSON.stringify(narrowed.tokenizer, null, 2)}\n` };
  await writeModel(result.model, output, { ...(tokenizer && { beside: tokenizer }) });
  const sizes = { before: await fileSize(path), after: await fileSize(output) };
  const special = specialTokens(source, result);
  if (options.json) {
    const { model: _, ...rest } = result;
    printJson({ output, tokenizer: narrowed && tokenizerOutput, fileBytes: sizes, special, ...rest });
    return;
  }
  process.stdout.write(
    [
      `tokens  ${result.before} → ${result.kept.length}, in ${[...result.tables, ...result.outputs].map((name) => `'${name}'`).join(', ')}`,
      `file    ${bytes(sizes.before)} → ${bytes(sizes.after)} (${percent(sizes.after / sizes.before)})`,
      ...special.map(
        ({ content, before, after }) =>
          `special token ${content}: number ${before} → ${after}: change it where config.json and generation_config.json name it`,
      ),
      result.difference === undefined
        ? pc.yellow('not verified')
        : `verified: says the same of tokens that stay (largest difference ${result.difference.toExponential(1)})`,
      `${pc.green('done')} ${output}${narrowed ? `, ${tokenizerOutput}` : '; there is no tokenizer beside the model: its numbers have to change likewise'}`,
      '',
    ].join('\n'),
  );
}

/** Special tokens whose numbers changed. */
function specialTokens(tokenizer: TokenizerJson | undefined, { kept }: KeptVocabulary) {
  return (tokenizer?.added_tokens ?? []).flatMap(({ content, id }) => {
    const after = kept.indexOf(id);
    return after === id ? [] : [{ content, before: id, after }];
  });
}
