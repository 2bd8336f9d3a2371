import { counted, curvePanel, html, type Markup, score } from '@snp/pages';
import type { PruneReport } from '../report.js';

/** How training went after pruning, on the samples that chose what was taken. */
export function tuningCurves({ tuning }: PruneReport): Markup | undefined {
  if (!tuning) return undefined;
  const { before, after, better, history, samples, epochs, rate } = tuning;
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const began = { ...before, epoch: 0 };
  const panel = (name: 'loss' | 'agreement' | 'accuracy', title: string, format: (value: number) => string) => {
    // Of each epoch first the weights, then their average.
    const points = [began, ...history].flatMap(({ epoch, [name]: y }, at, all) =>
      y === undefined ? [] : [{ x: epoch, y, on: all[at - 1]?.epoch !== epoch }],
    );
    if (points.length < 2) return undefined;
    return curvePanel({
      id: `tuning-${name}`,
      title,
      subtitle: 'by epochs, on samples that choose',
      points,
      range: [0, 0],
      formatX: (x) => x.toFixed(1),
      formatY: format,
    });
  };
  return html`<h2>Tuning</h2>
<p class="note">Trained towards the original on ${counted(samples.trained, 'sample')}, ${epochs.toFixed(1)} epochs, at a rate of ${rate.toExponential()}.
On ${counted(samples.heldBack, 'sample')} that were not trained on the loss went from ${score(before.loss)} to ${score(after.loss)}${better ? '' : ': nothing better was found, and the model is as it was pruned'}.
These samples chose the state that was taken; those held back above chose nothing. Hollow: a moving average of the weights.</p>
<div class="panels wide">
${panel('loss', 'Loss', score)}
${panel('agreement', 'Same answer as the original', share)}
${panel('accuracy', 'Right answers', share)}
</div>`;
}
