/** Colours of series, told apart by people who see few colours, too. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9'];

const [SIDE, LEFT, TOP, BOTTOM] = [360, 56, 28, 44];

/** A power of ten in few letters. */
const label = (value) => (value < 0.001 ? value.toExponential(0) : String(Number(value.toPrecision(1))));

/**
 * A picture (SVG) of points over logarithmic axes of the same range, with the line where both are equal.
 *
 * @param title Over the picture.
 * @param labels Of the two axes.
 * @param points With `x`, `y` and the name of their `series`.
 */
export function scatter(title, labels, points) {
  const all = points.flatMap(({ x, y }) => [x, y]).filter((value) => value > 0);
  const [low, high] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  const place = (value) => (SIDE * (Math.log10(Math.max(value, 10 ** low)) - low)) / (high - low);
  const across = (value) => (LEFT + place(value)).toFixed(1);
  const up = (value) => (TOP + SIDE - place(value)).toFixed(1);
  const decades = Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
  const names = [...new Set(points.map(({ series }) => series))];
  const grid = decades.map(
    (value) =>
      `<path d="M${across(value)} ${TOP}V${TOP + SIDE}M${LEFT} ${up(value)}H${LEFT + SIDE}" stroke="#ddd"/>` +
      `<text x="${across(value)}" y="${TOP + SIDE + 16}" text-anchor="middle">${label(value)}</text>` +
      `<text x="${LEFT - 6}" y="${up(value)}" text-anchor="end" dominant-baseline="middle">${label(value)}</text>`,
  );
  const dots = points.map(
    ({ x, y, series }) =>
      `<circle cx="${across(x)}" cy="${up(y)}" r="3" fill="${COLOURS[names.indexOf(series)]}" fill-opacity="0.75"/>`,
  );
  const legend = names.map(
    (name, at) =>
      `<circle cx="${LEFT + 14}" cy="${TOP + 14 + 18 * at}" r="4" fill="${COLOURS[at]}"/><text x="${LEFT + 24}" y="${TOP + 18 + 18 * at}">${name}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + SIDE + 16} ${TOP + SIDE + BOTTOM}" font-family="sans-serif" font-size="11">
<title>${title}: ${labels.join(' against ')}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LEFT}" y="16" font-size="13" font-weight="bold">${title}</text>
${grid.join('\n')}
<path d="M${LEFT} ${TOP + SIDE}L${LEFT + SIDE} ${TOP}" stroke="#888" stroke-dasharray="4 3"/>
${dots.join('\n')}
${legend.join('\n')}
<text x="${LEFT + SIDE / 2}" y="${TOP + SIDE + 36}" text-anchor="middle">${labels[0]}</text>
<text transform="translate(12 ${TOP + SIDE / 2}) rotate(-90)" text-anchor="middle">${labels[1]}</text>
</svg>
`;
}
