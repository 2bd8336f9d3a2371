import { PLAIN_ATTENTION, PLAIN_FFN, PLAIN_SPELLED, PLAIN_SPELLED_BLOCK, type SpelledSpec } from '@snp/testing';

/** What differs from the plainest form, as `norm=rms-lp`: names to look for, and to print a failure by. */
export function piecesOf(spec: SpelledSpec): Set<string> {
  const blocks = spec.repeated ? spec.blocks.slice(0, 1) : spec.blocks;
  return new Set([
    ...differing(spec, PLAIN_SPELLED, ['blocks', 'seed']),
    ...blocks.flatMap((block) => [
      ...differing(block, PLAIN_SPELLED_BLOCK, ['attention', 'ffn']),
      ...(block.branches === 'ffn' ? [] : differing(block.attention, PLAIN_ATTENTION, [])),
      ...(block.branches === 'attention' ? [] : differing(block.ffn, PLAIN_FFN, []).map((piece) => `ffn.${piece}`)),
    ]),
  ]);
}

function differing<T extends object>(own: T, plain: T, except: readonly (keyof T)[]): string[] {
  return (Object.keys(own) as (keyof T)[])
    .filter((key) => !except.includes(key) && own[key] !== plain[key])
    .map((key) => `${String(key)}=${String(own[key])}`);
}
