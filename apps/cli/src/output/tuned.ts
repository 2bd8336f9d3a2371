import type { Figures, FiguresAt, TuneResult } from '@snp/tune';
import pc from 'picocolors';
import { count, duration, percent } from './format.js';

/** Figures on held-back samples as they come, in a line. */
export function figuresLine(figures: FiguresAt): string {
  const { epoch, of, seconds } = figures;
  const whose = of === 'average' ? ', averaged weights' : '';
  return `${pc.dim('held back')} epoch ${epoch.toFixed(1)}: ${figuresText(figures)}${whose} (${duration(seconds)})`;
}

/** What `tune` says when it is done. */
export function renderTuned(
  result: TuneResult,
  { output, checkpoint }: { output: string; checkpoint: string | undefined },
): string {
  const { before, after, samples, rate, tried, losses, steps, batchSize, stepsPerEpoch, parameters, seconds } = result;
  const kinds = Object.entries(losses).map(([name, kind]) => `${kind} of '${name}'`);
  if (result.labels > 0) kinds.push(`labels for ${percent(result.labels)} of it`);
  return [
    `loss      ${kinds.join(', ')}`,
    `trained   ${count(parameters)} numbers on ${samples.trained} samples${result.augmented ? ', augmented' : ''}: ${steps} steps of ${batchSize}${result.parts > 1 ? ` in ${result.parts} parts` : ''}, ${(steps / stepsPerEpoch).toFixed(1)} epochs`,
    `rate      ${rate.toExponential()}${tried.length > 0 ? ` (tried: ${tried.map((own) => `${own.rate.toExponential()} → ${own.loss.toPrecision(3)}`).join(', ')})` : ''}`,
    `held back ${samples.heldBack} samples, never trained on:`,
    `  before  ${figuresText(before)}`,
    ...(result.model ? [`  after   ${figuresText(after)}`] : []),
    ...endedLines(result, checkpoint),
    lastLine(result, output, seconds),
    '',
  ].join('\n');
}

/** Figures on samples that were not trained on. */
export function figuresText({ loss, agreement, accuracy }: Partial<Figures> & Pick<Figures, 'loss'>): string {
  const same = agreement === undefined ? '' : `, same answer ${percent(agreement)}`;
  return `loss ${loss.toPrecision(4)}${same}${accuracy === undefined ? '' : `, right ${percent(accuracy)}`}`;
}

function endedLines({ ended }: TuneResult, checkpoint: string | undefined): string[] {
  if (ended === 'enough')
    return [
      pc.yellow('interrupted: the best so far is taken'),
      ...(checkpoint === undefined ? [] : [`go on with --resume, from ${checkpoint}`]),
    ];
  if (ended === 'no-better') return ['ended early: figures on held-back samples improved no longer'];
  if (ended === 'not-finite')
    return [pc.yellow('the loss became infinite: training ended there. A lower --rate may help')];
  return [];
}

function lastLine({ model }: TuneResult, output: string, seconds: number): string {
  if (model) return `${pc.green('done')} ${output} in ${duration(seconds)}`;
  return `${pc.yellow('nothing better')} than the model was found on held-back samples in ${duration(seconds)}: ${output} is not written. More data, more --epochs or another --rate may help`;
}
