import type { Evaluation, Fidelity, Interval } from '@snp/core';
import { percent } from './format.js';
import { table } from './table.js';

/** How well models do, one line each: accuracy where there are labels, perplexity on texts. */
export function evaluationTable(all: readonly (readonly [model: string, evaluation: Evaluation])[]): string {
  const texts = all.some(([, { perplexity }]) => perplexity !== undefined);
  if (!texts)
    return table(
      ['model', 'samples', 'top-1', 'top-5'],
      all.map(([model, { kind, samples, top1, top5 }]) =>
        kind === 'embeddings'
          ? [model, samples, 'embeddings: nothing is right or wrong, see snp compare', '']
          : [model, samples, share(top1), share(top5)],
      ),
    );
  return table(
    ['model', 'texts', 'tokens', 'perplexity per token', 'per byte', 'per word', 'next token right'],
    all.map(([model, { samples, perplexity }]) => [
      model,
      samples,
      ...(perplexity
        ? [
            perplexity.tokens,
            perplexity.perToken.toFixed(2),
            perplexity.perByte?.toFixed(3) ?? 'text unknown',
            perplexity.perWord?.toFixed(1) ?? 'text unknown',
            percent(perplexity.right),
          ]
        : ['foretells no tokens', '', '', '', '']),
    ]),
  );
}

function share(value: number | undefined): string {
  return value === undefined ? 'no labels' : percent(value);
}

/** How alike two models answer, in a line. */
export function likeness(fidelity: Fidelity): string {
  const { samples, answers, cosine } = fidelity;
  const of = `${samples} samples${answers > samples ? ` (${answers} answers, such as tokens)` : ''}`;
  const from = (range: Interval | undefined, show: (value: number) => string) =>
    range ? ` (95 %: ${show(range.low)} to ${show(range.high)})` : '';
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const four = (value: number) => value.toFixed(4);
  if (fidelity.kind === 'scores') {
    const { agreement, divergence, interval } = fidelity;
    const nats = (value: number) => value.toFixed(value < 0.1 ? 4 : 3);
    return `${of}: same answer ${share(agreement)}${from(interval?.agreement, share)}, divergence ${nats(divergence)} nats${from(interval?.divergence, nats)}, cosine ${four(cosine)}`;
  }
  const { lowCosine, divergence, rankCorrelation, interval } = fidelity;
  const ranks = rankCorrelation === undefined ? '' : `, rank correlation of similarities ${four(rankCorrelation)}`;
  return `${of}: cosine of embeddings ${four(cosine)}${from(interval?.cosine, four)}, 5 % below ${four(lowCosine)}${ranks}, squared error ${share(divergence)} of the variance${from(interval?.divergence, share)}`;
}
