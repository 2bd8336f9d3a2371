import { counted, html, type Markup, score, shorten, whole } from '@snp/pages';
import { max } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { area, curveStepAfter } from 'd3-shape';
import type { GroupReport, PruneReport } from '../report.js';
import { type Histogram, histogram } from './histogram.js';
import { groupLabel, groupsByKind, kindTitle } from './kinds.js';

const WIDTH = 168;
const HEIGHT = 56;
/** Kinds with more pictures than this are folded; the first kind never is. */
const OPEN_PICTURES = 36;

/** How the scores of each group are distributed, and which side of the cut left: small multiples, a row per kind. */
export function scoresChart({ groups }: PruneReport): Markup {
  const scored = groups.filter((group) => group.scores?.length);
  const silent = groups.filter((group) => !group.scores?.length);
  const kinds = [...groupsByKind(scored)];
  return html`${kinds.map(([kind, members], at) => multiples(kind, members, at === 0))}
${silent.length > 0 && unscoredNote(silent, groups.length)}`;
}

function multiples(kind: string, groups: readonly GroupReport[], first: boolean): Markup {
  const open = first || groups.length <= OPEN_PICTURES;
  return html`<details class="multiples"${open && html` open`}><summary>${kindTitle(kind)}, ${counted(groups.length, 'group')}</summary>
<div class="grid">
${groups.map((group) => multiple(group))}</div></details>
`;
}

function multiple(group: GroupReport): Markup {
  const found = histogram(group.scores ?? [], group.removed);
  const label = group.block === undefined ? shorten(group.id, 22) : `block ${groupLabel(group)}`;
  const units = group.before * group.lanes;
  return html`<figure class="multiple"><figcaption title="${group.id}"><b>${label}</b> <span>${whole(units - group.removed.length)} of ${whole(units)} stay</span></figcaption>
${found ? histogramPicture(group, found) : html`<p class="note">no finite score</p>`}</figure>
`;
}

function histogramPicture({ id, removed }: GroupReport, found: Histogram): Markup {
  const { low, high, clipped, cut, unscored } = found;
  const bins = found.kept.length;
  const tallest = max(found.kept, (kept, at) => kept + found.removed[at]) || 1;
  const x = scaleLinear([0, bins], [0, WIDTH]);
  const y = scaleLinear([0, tallest], [HEIGHT, 1]);
  const position = cut === undefined || high === low ? undefined : x((bins * (cut - low)) / (high - low));
  const inside = position !== undefined && position >= 0 && position <= WIDTH;
  const sentence = [
    `${id}: scores from ${clipped.low ? 'below ' : ''}${score(low)} to ${clipped.high ? 'above ' : ''}${score(high)}`,
    `${counted(removed.length, 'unit')} removed`,
    cut !== undefined && `cut at ${score(cut)}`,
    unscored > 0 && `${counted(unscored, 'unit')} without a finite score`,
  ];
  return html`<svg class="histogram" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${sentence.filter(Boolean).join(', ')}">
<title>${sentence.filter(Boolean).join(', ')}</title>
<path class="removed" d="${steps(zeros(bins), found.removed, x, y)}"/>
<path class="kept" d="${steps(found.removed, found.kept, x, y)}"/>
<line class="axis" x1="0" x2="${WIDTH}" y1="${HEIGHT}" y2="${HEIGHT}"/>
${inside && html`<line class="cut" x1="${position.toFixed(1)}" x2="${position.toFixed(1)}" y1="0" y2="${HEIGHT}"/>`}</svg>
<div class="ends" aria-hidden="true"><span>${clipped.low && '≤ '}${score(low)}</span><span>${clipped.high && '≥ '}${score(high)}</span></div>`;
}

type Scale = (value: number) => number;

/** Outline of bars of the given heights, standing on `base`. */
function steps(base: readonly number[], heights: readonly number[], x: Scale, y: Scale): string {
  // The step of the last bin needs a point at its end.
  const bins = [...heights.map((height, at) => ({ at, from: base[at], to: base[at] + height }))];
  bins.push({ ...bins[bins.length - 1], at: bins.length });
  const outline = area<(typeof bins)[number]>()
    .curve(curveStepAfter)
    .digits(1)
    .x(({ at }) => x(at))
    .y0(({ from }) => y(from))
    .y1(({ to }) => y(to));
  return outline(bins) ?? '';
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}

function unscoredNote(silent: readonly GroupReport[], all: number): Markup {
  const names = silent.map(({ id }) => shorten(id, 40));
  const listed = names.length > 12 ? [...names.slice(0, 12), `${names.length - 12} more`] : names;
  const who = silent.length === all ? 'No group has scores' : `No scores for ${listed.join(', ')}`;
  return html`<p class="note">${who}: nothing left the group, or the plan was given.</p>`;
}
