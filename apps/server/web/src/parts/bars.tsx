import { change } from '@snp/pages';

/** One line: what was, and what of it stays. */
export interface BarRow {
  name: string;
  before: number;
  after: number;
  /** Of `--own`, as `is-ffn`. */
  look?: string;
  text?: string;
}

interface BarsProps {
  label: string;
  rows: readonly BarRow[];
}

/** Bars on one scale from zero; what stays lies over what was. Numbers stand beside them. */
export function Bars({ label, rows }: BarsProps) {
  const most = Math.max(1, ...rows.map(({ before, after }) => Math.max(before, after)));
  const width = (value: number) => ({ width: `${(100 * value) / most}%` });
  return (
    <ul class="bars" aria-label={label}>
      {rows.map(({ name, before, after, look, text }) => (
        <li key={name}>
          <span class="name" title={name}>
            {name}
          </span>
          <span class={`bar ${look ?? ''}`} aria-hidden="true">
            <i style={width(before)} />
            <i style={width(after)} />
          </span>
          <span class="number">{text ?? change(before, after)}</span>
        </li>
      ))}
    </ul>
  );
}
