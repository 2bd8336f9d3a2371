import { ANSWER_KINDS } from '@snp/core';
import { Option } from 'commander';

/** `--answers`, of every command that looks at what models answer. */
export function answersOption(): Option {
  return new Option(
    '--answers <KIND>',
    'what the outputs are: rows of scores of classes or tokens, or embeddings and hidden states (default: by their names)',
  ).choices(ANSWER_KINDS);
}
