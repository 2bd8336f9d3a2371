import { onnxRuntime, type Sample, tensorInputs, textFeeds } from '@snp/runtime';
import { buildLlama } from '@snp/testing';
import { parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import { continueGreedily } from '../../src/generate/continueGreedily.js';
import { prune, renderReport } from '../support/core.js';

const VOCABULARY = 30;
const original = buildLlama({
  vocabulary: VOCABULARY,
  width: 16,
  depth: 1,
  heads: 2,
  keyHeads: 1,
  headSize: 8,
  hidden: 24,
});
const runtime = onnxRuntime();
const inputs = tensorInputs(original);
const texts = Array.from({ length: 24 }, (_, text) =>
  Array.from({ length: 10 }, (_, at) => (text * 7 + at * at * 3) % VOCABULARY),
);
const LETTERS = 'abcdefghijklmnopqrstuvwxyz<>&.';
const decode = (ids: readonly number[]) => ids.map((id) => LETTERS[id]).join('');
const dataOf = ({ asTexts = true, known = true } = {}) => ({
  count: texts.length,
  skipped: [],
  ...(known && { decode }),
  async *samples(): AsyncGenerator<Sample> {
    for (const [at, ids] of texts.entries())
      yield {
        name: String(at),
        feeds: textFeeds(ids, inputs),
        ...(asTexts && { following: { ids: [...ids.slice(1), -1], bytes: 10, words: 2 } }),
      };
  },
});
const prunedWith = (calibration: ReturnType<typeof dataOf>) =>
  prune(original, { calibration, ratios: { ffn: 0.5 }, narrowCache: true, runtime });

describe('the report of a language model', () => {
  it('shows what both models write behind the begin of held-back texts', async () => {
    const { report, model } = await prunedWith(dataOf());
    const held = texts.filter((_, at) => at % 8 === 7);
    expect(report.continuations!.map(({ prompt }) => prompt)).toEqual(
      held.map((ids) => ({ ids: ids.slice(0, 5), text: decode(ids.slice(0, 5)) })),
    );
    for (const [of, key] of [
      [original, 'before'],
      [model, 'after'],
    ] as const) {
      const session = await runtime.open(of);
      for (const { prompt, [key]: passage } of report.continuations!) {
        const count = passage.ids.length;
        const whole = await continueGreedily(session, prompt.ids, { count, output: 'logits', cache: false });
        expect(passage).toEqual({ ids: whole, text: decode(whole) });
      }
      await session.close();
    }
    const page = renderReport(report);
    const errors: string[] = [];
    parse(page, { onParseError: ({ code }) => errors.push(code) });
    expect(errors).toEqual([]);
    expect(page).toContain('What the models write');
    const escaped = report
      .continuations![0].before.text!.replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;');
    expect(page).toContain(`<td>${escaped}</td>`);
  });

  it('shows numbers of tokens where there is no tokenizer, and nothing where samples are no texts', async () => {
    const { report } = await prunedWith(dataOf({ known: false }));
    expect(report.continuations![0].prompt).toEqual({ ids: texts[7].slice(0, 5) });
    expect(renderReport(report)).toContain(`<td>${texts[7].slice(0, 5).join(' ')}</td>`);
    const { report: bare } = await prunedWith(dataOf({ asTexts: false }));
    expect(bare.continuations).toBeUndefined();
    expect(renderReport(bare)).not.toContain('What the models write');
  });
});
