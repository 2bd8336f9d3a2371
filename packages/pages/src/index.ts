export { type BarPanel, type BarRow, barPanel } from './barPanel.js';
export { CURVE_STYLE, type CurvePanel, type CurvePoint, curvePanel } from './curvePanel.js';
export {
  bytes,
  change,
  count,
  counted,
  duration,
  milliseconds,
  percent,
  saving,
  score,
  shorten,
  whole,
} from './format.js';
export { type Content, escapeHtml, html, Markup, trusted } from './markup.js';
export { type ScatterPanel, type ScatterPoint, scatterPanel } from './scatterPanel.js';
export { STYLE } from './style.js';
