import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrowTokenizer, type TokenizerJson } from '../src/index.js';

const LETTERS = [...'abcde'];
const added = (content: string, id: number) => ({
  id,
  content,
  special: true,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
});
const TEMPLATE = {
  type: 'TemplateProcessing',
  single: [
    { SpecialToken: { id: '<s>', type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '</s>', type_id: 0 } },
  ],
  pair: [],
  special_tokens: {
    '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] },
    '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] },
  },
};
const whole = (model: unknown): TokenizerJson =>
  ({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [added('<s>', 0), added('</s>', 1)],
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: TEMPLATE,
    decoder: null,
    model,
  }) as unknown as TokenizerJson;

const numbered = (tokens: readonly string[]) => Object.fromEntries(tokens.map((token, id) => [token, id]));

/** Merges drawn at random, each of two tokens that there are. */
const merging = fc.array(fc.tuple(fc.nat(1e6), fc.nat(1e6)), { minLength: 4, maxLength: 24 }).map((draws) => {
  const tokens = [...LETTERS];
  const merges: string[] = [];
  for (const [a, b] of draws) {
    const pair = [tokens[a % tokens.length], tokens[b % tokens.length]];
    if (pair.join('').length > 6 || tokens.includes(pair.join(''))) continue;
    tokens.push(pair.join(''));
    merges.push(pair.join(' '));
  }
  return { tokens, merges };
});

const word = fc.array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 8 }).map((letters) => letters.join(''));
const texts = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(' '));

const KINDS: Record<string, (drawn: { tokens: string[]; merges: string[] }) => TokenizerJson> = {
  BPE: ({ tokens, merges }) =>
    whole({ type: 'BPE', vocab: numbered(['<s>', '</s>', ...tokens]), merges, unk_token: null, byte_fallback: false }),
  WordPiece: ({ tokens }) =>
    whole({
      type: 'WordPiece',
      unk_token: '<s>',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: numbered(['<s>', '</s>', ...tokens, ...tokens.map((token) => `##${token}`)]),
    }),
  Unigram: ({ tokens }) =>
    whole({
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<s>', 0],
        ['</s>', 0],
        ...tokens.map((token, at) => [token, -1 - (((at * 7919) % 101) / 20 + token.length / 3)]),
      ],
    }),
};

describe.each(Object.keys(KINDS))('a %s tokenizer with fewer tokens', (kind) => {
  it('makes of texts whose tokens stay what it made before, and of others smaller pieces', () => {
    fc.assert(
      fc.property(merging, texts, texts, (drawn, seen, unseen) => {
        const source = KINDS[kind](drawn);
        const before = new Tokenizer(source as never, {});
        const { tokenizer, kept } = narrowTokenizer(source, before.encode(seen, { add_special_tokens: false }).ids);
        const after = new Tokenizer(tokenizer as never, {});
        const back = (text: string) => [...after.encode(text).ids].map((id) => kept[id]);
        expect(back(seen)).toEqual([...before.encode(seen).ids]);
        // No character is lost.
        const letters = (own: Tokenizer) => own.encode(unseen).tokens.join('').replace(/##/g, '');
        expect(letters(after)).toBe(letters(before));
        expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
      }),
      { seed: 41, numRuns: 150 },
    );
  });
});

describe('a tokenizer with fewer tokens', () => {
  it('is refused where its kind is not known', () => {
    expect(() => narrowTokenizer(whole({ type: 'Morphemes', vocab: {} }), [1])).toThrow(/Morphemes/);
  });
});
