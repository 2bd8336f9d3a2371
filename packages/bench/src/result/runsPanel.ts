import { html, type Markup } from '@snp/pages';
import { scaleLinear } from 'd3-scale';

const [WIDTH, HEIGHT, LEFT] = [340, 150, 44];

/** Every run of a model as a dot, in the order they were measured. */
export function runsPanel({
  id,
  title,
  blocks,
  highest,
}: {
  id: string;
  title: string;
  blocks: readonly (readonly number[])[];
  /** Top of the scale, the same for all models of a page. */
  highest: number;
}): Markup {
  const times = blocks.flat();
  const x = scaleLinear([0, Math.max(1, times.length - 1)], [LEFT + 4, WIDTH - 6]);
  const y = scaleLinear([0, highest], [HEIGHT - 8, 8]).nice(4);
  const starts = blocks.map((_, at) => blocks.slice(0, at).reduce((sum, block) => sum + block.length, 0));
  return html`<figure class="panel"><figcaption><b>${title}</b> <span>ms, ${times.length} runs</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title">
<title id="${id}-title">${title}: ${times.length} runs between ${Math.min(...times).toFixed(2)} and ${Math.max(...times).toFixed(2)} ms</title>
${y.ticks(4).map((tick) => html`<line class="axis" x1="${LEFT}" x2="${WIDTH}" y1="${px(y(tick))}" y2="${px(y(tick))}"/><text class="label" x="${LEFT - 6}" y="${px(y(tick))}">${tick}</text>`)}
${blocks.length <= 40 && starts.slice(1).map((start) => html`<line class="launch" x1="${px(x(start - 0.5))}" x2="${px(x(start - 0.5))}" y1="8" y2="${HEIGHT - 8}"/>`)}
<g class="runs">${times.map((time, at) => html`<circle cx="${px(x(at))}" cy="${px(y(time))}" r="1.6"/>`)}</g>
</svg></figure>
`;
}

/** Picture coordinates to a tenth. */
function px(value: number): number {
  return Number(value.toFixed(1));
}
