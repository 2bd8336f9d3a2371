import { type BarRow, barPanel, html, milliseconds, STYLE, trusted } from '@snp/pages';
import type { OperatorProfile } from './profileOperators.js';

/** Where the time of a model goes, and where that of another one after it, as one HTML page that needs nothing else. */
export function renderOperators(before: OperatorProfile, after: OperatorProfile = before): string {
  const rows = <Key>(
    first: readonly (readonly [Key, number])[],
    second: readonly (readonly [Key, number])[],
    label: (key: Key) => string,
  ): BarRow[] => {
    const later = new Map(second);
    const keys = [...new Set([...first.map(([key]) => key), ...later.keys()])];
    const earlier = new Map(first);
    return keys.map((key) => {
      const [from, to] = [earlier.get(key) ?? 0, later.get(key) ?? 0];
      const text = before === after ? milliseconds(from, 3) : `${milliseconds(from, 3)} → ${milliseconds(to, 3)}`;
      return { label: label(key), hint: `${label(key)}: ${text}`, text, bar: { before: from, after: to } };
    });
  };
  const operators = ({ operators: list }: OperatorProfile) =>
    list.map(({ operator, ms: time }) => [operator, time] as const);
  const blocks = ({ blocks: list }: OperatorProfile) => list.map(({ block, ms: time }) => [block, time] as const);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Where the time goes: ${before.model}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
<h1>Where the time goes</h1>
<p class="subtitle">${before.model}${before !== after && `, and after it ${after.model}`}; milliseconds per run, as onnxruntime itself tells them</p>
<div class="panels">
${barPanel({ id: 'operators', title: 'By operator', rows: rows(operators(before), operators(after), String) })}
${barPanel({ id: 'blocks', title: 'By block', rows: rows(blocks(before), blocks(after), (block) => (block === undefined ? 'other' : `block ${block}`)) })}
</div>
</main>
</body>
</html>
`.text;
}
