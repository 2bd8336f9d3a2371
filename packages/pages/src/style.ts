/**
 * The report's look: one column of panels that fit a laptop and a phone, in the reader's light or dark scheme, no script
 * and nothing to fetch.
 */
export const STYLE: string = `
:root { color-scheme: light dark; --page: #fbfbf9; --ink: #1f2328; --quiet: #656d76; --line: #d8dbdf; --card: #ffffff;
  --before: #dfe4ea; --after: #2563a8; --removed: #d9a441; --warning: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --ink: #e6e8ea; --quiet: #98a1ab; --line: #363c43;
  --card: #1c2024; --before: #39414a; --after: #6ba6e8; --removed: #c98f2b; --warning: #e0b050; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 24px; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 10px; }
p { margin: 6px 0; max-width: 78ch; }
.note, figcaption span, .subtitle, dt { color: var(--quiet); }
.totals { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0 8px; }
.total { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; min-width: 200px; flex: 1; }
.total b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; }
.total .saving { color: var(--after); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 12px 0; }
dd { margin: 0; overflow-wrap: anywhere; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 14px; }
figure { margin: 0; }
.panel, .multiple { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(168px, 1fr)); gap: 10px; margin: 8px 0 14px; }
.multiple figcaption { font-size: 12px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.ends { display: flex; justify-content: space-between; font-size: 11px; color: var(--quiet); font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink); dominant-baseline: central; font-variant-numeric: tabular-nums; }
svg .label { text-anchor: end; fill: var(--quiet); }
svg .figure { text-anchor: end; }
svg .absent { fill: var(--quiet); }
.before { fill: var(--before); } .after, .kept { fill: var(--after); } .removed { fill: var(--removed); }
.axis { stroke: var(--line); } .cut { stroke: var(--ink); stroke-dasharray: 3 2; }
.key span::before { content: ''; display: inline-block; width: 11px; height: 11px; margin: 0 5px 0 14px; border-radius: 2px; background: currentColor; }
.key span { color: var(--quiet); } .key .is-before::before { background: var(--before); }
.key .is-after::before { background: var(--after); } .key .is-removed::before { background: var(--removed); }
summary { cursor: pointer; margin: 6px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; }
.warnings li { color: var(--warning); }
@media print { body { background: none; } details > * { display: block; } }
`;
