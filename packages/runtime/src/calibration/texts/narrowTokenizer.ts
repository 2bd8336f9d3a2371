import { SnpError } from '@snp/onnx';

/** A tokenizer as Hugging Face writes it, `tokenizer.json`. */
export interface TokenizerJson {
  /** Pieces and their numbers, in the form of its `type`: BPE, WordPiece, WordLevel or Unigram. */
  model: object;
  added_tokens?: { id: number; content: string }[];
  post_processor?: unknown;
  padding?: { pad_id?: number } | null;
}

type TokenModel = BpeModel | WordPieceModel | WordLevelModel | UnigramModel;

type Vocabulary = Record<string, number>;

interface BpeModel {
  type?: 'BPE';
  vocab: Vocabulary;
  merges: (string | [string, string])[];
  unk_token?: string | null;
  end_of_word_suffix?: string | null;
  continuing_subword_prefix?: string | null;
}

interface WordPieceModel {
  type: 'WordPiece';
  vocab: Vocabulary;
  unk_token?: string;
  continuing_subword_prefix?: string;
}

interface WordLevelModel {
  type: 'WordLevel';
  vocab: Vocabulary;
  unk_token?: string;
}

interface UnigramModel {
  type: 'Unigram';
  vocab: [piece: string, score: number][];
  unk_id?: number | null;
}

/** A tokenizer with fewer tokens. */
export interface NarrowedTokenizer {
  tokenizer: TokenizerJson;
  /** Tokens that stay, by their numbers before, ascending: the new number of each is its place. */
  kept: readonly number[];
}

/**
 * Takes tokens out of a tokenizer. Texts made of tokens that stay are tokenised as before; all others are still tokenised, in smaller pieces: single characters and bytes, special tokens, and what tokens that
 * stay are merged from stay in any case.
 *
 * @param ids Numbers of the tokens that stay at least.
 * @throws SnpError `calibration` for a kind of tokenizer that is not known.
 * @example
 * const { tokenizer, kept } = narrowTokenizer(JSON.parse(await readFile('tokenizer.json', 'utf8')), [0, 17, 44]);
 */
export function narrowTokenizer(source: TokenizerJson, ids: Iterable<number>): NarrowedTokenizer {
  const model = source.model as TokenModel;
  const stays = new Set([...ids, ...idsIn(source.post_processor)]);
  for (const { id } of source.added_tokens ?? []) stays.add(id);
  for (const id of neededBy(model, stays)) stays.add(id);
  const kept = [...stays].sort((a, b) => a - b);
  const places = new Map(kept.map((id, place) => [id, place]));
  const tokenizer: TokenizerJson = {
    ...source,
    model: narrowModel(model, places),
    ...(source.added_tokens && {
      added_tokens: source.added_tokens.map((token) => ({ ...token, id: places.get(token.id)! })),
    }),
    ...(source.post_processor !== undefined && { post_processor: renumbered(source.post_processor, source, places) }),
    ...(source.padding?.pad_id !== undefined && {
      padding: { ...source.padding, pad_id: places.get(source.padding.pad_id) ?? 0 },
    }),
  };
  return { tokenizer, kept };
}

/** What has to stay with tokens that stay. */
function neededBy(model: TokenModel, stays: ReadonlySet<number>): Iterable<number> {
  switch (kindOf(model)) {
    case 'BPE':
      return neededByMerges(model as BpeModel, stays);
    case 'Unigram': {
      const { vocab, unk_id: unknown } = model as UnigramModel;
      const single = vocab.flatMap(([piece], id) => (isSingle(piece) ? [id] : []));
      return unknown === undefined || unknown === null ? single : [...single, unknown];
    }
    default: {
      const { vocab, unk_token: unknown } = model as WordPieceModel;
      const prefix = (model as WordPieceModel).continuing_subword_prefix ?? '##';
      return Object.entries(vocab).flatMap(([token, id]) => {
        const own = token.startsWith(prefix) ? token.slice(prefix.length) : token;
        return token === unknown || (model.type === 'WordPiece' && isSingle(own)) ? [id] : [];
      });
    }
  }
}

function kindOf({ type, ...rest }: TokenModel): NonNullable<TokenModel['type']> {
  const kind = type ?? ('merges' in rest ? 'BPE' : undefined);
  if (kind === 'BPE' || kind === 'WordPiece' || kind === 'WordLevel' || kind === 'Unigram') return kind;
  throw new SnpError(
    'calibration',
    `The tokenizer is of kind ${kind ?? 'unknown'}; BPE, WordPiece, WordLevel and Unigram are known.`,
  );
}

/** One character, or a byte as `<0x0A>`. */
const isSingle = (token: string) => [...token].length === 1 || /^<0x[0-9A-F]{2}>$/i.test(token);

/** Tokens that no merge gives, and all that those that stay are merged from: inside of a text they come about as they do alone. */
function neededByMerges(
  { vocab, merges, unk_token: unknown, end_of_word_suffix: suffix, continuing_subword_prefix: prefix }: BpeModel,
  stays: ReadonlySet<number>,
): Set<number> {
  if (prefix)
    throw new SnpError('calibration', `The tokenizer merges pieces with a prefix ('${prefix}'), which is not known.`);
  const ranks = new Map(merges.map((merge, rank) => [pairOf(merge).join('\n'), rank]));
  const given = new Set(merges.map((merge) => pairOf(merge).join('')));
  const needed = new Set<number>();
  for (const [token, id] of Object.entries(vocab)) {
    if (!given.has(token) || token === unknown) needed.add(id);
    if (!stays.has(id)) continue;
    for (const part of partsOf(token, ranks, suffix ?? '')) if (vocab[part] !== undefined) needed.add(vocab[part]);
  }
  return needed;
}

/** All tokens on the way from characters to a token, by merges of least rank first. */
function partsOf(token: string, ranks: ReadonlyMap<string, number>, suffix: string): string[] {
  const ended = suffix !== '' && token.endsWith(suffix);
  const parts = [...(ended ? token.slice(0, -suffix.length) : token)];
  if (ended && parts.length > 0) parts[parts.length - 1] += suffix;
  const found = [...parts];
  while (parts.length > 1) {
    let best: { at: number; rank: number } | undefined;
    for (let at = 0; at + 1 < parts.length; at++) {
      const rank = ranks.get(`${parts[at]}\n${parts[at + 1]}`);
      if (rank !== undefined && (!best || rank < best.rank)) best = { at, rank };
    }
    if (!best) break;
    const merged = parts[best.at] + parts[best.at + 1];
    parts.splice(best.at, 2, merged);
    found.push(merged);
  }
  return found;
}

const pairOf = (merge: string | [string, string]): [string, string] =>
  typeof merge === 'string' ? (merge.split(' ') as [string, string]) : merge;

function narrowModel(model: TokenModel, places: ReadonlyMap<number, number>): TokenModel {
  if (kindOf(model) === 'Unigram') {
    const { vocab, unk_id: unknown, ...rest } = model as UnigramModel;
    const own = vocab.filter((_, id) => places.has(id));
    return { ...rest, vocab: own, unk_id: unknown === undefined || unknown === null ? unknown : places.get(unknown)! };
  }
  const { vocab, ...rest } = model as WordLevelModel;
  const own = Object.fromEntries(
    Object.entries(vocab).flatMap(([token, id]) => (places.has(id) ? [[token, places.get(id)!]] : [])),
  );
  if (kindOf(model) !== 'BPE') return { ...rest, vocab: own };
  const { merges } = model as BpeModel;
  const whole = (merge: string | [string, string]) => {
    const pair = pairOf(merge);
    return [...pair, pair.join('')].every((token) => own[token] !== undefined);
  };
  return { ...rest, vocab: own, merges: merges.filter(whole) } as unknown as BpeModel;
}

/** Numbers of tokens in a template. */
function idsIn(part: unknown, key = ''): number[] {
  if (Array.isArray(part)) return key === 'ids' ? part : part.flatMap((item) => idsIn(item));
  if (part === null || typeof part !== 'object') return [];
  return Object.entries(part).flatMap(([name, item]) => idsIn(item, name));
}

/** A post-processor with new numbers: of templates those of their special tokens, of others pairs of a token and its number. */
function renumbered(
  part: unknown,
  { added_tokens: added = [] }: TokenizerJson,
  places: ReadonlyMap<number, number>,
): unknown {
  const names = new Set(added.map(({ content }) => content));
  const change = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) {
      const [token, id] = value;
      const pair = value.length === 2 && names.has(token) && typeof id === 'number';
      if (pair) return [token, places.get(id)];
      return key === 'ids' ? value.map((id) => places.get(id)) : value.map((item) => change(item, ''));
    }
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, change(item, name)]));
  };
  return change(part, '');
}
