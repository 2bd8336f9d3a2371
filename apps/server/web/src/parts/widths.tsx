import type { Kind } from '../api/types.js';
import { type BarRow, Bars } from './bars.js';
import { kindName } from './tags.js';

/** A group before and after. */
export interface WidthChange {
  id: string;
  kind: string;
  block: number | null;
  lanes: number;
  before: number;
  after: number;
}

const ORDER: readonly Kind[] = ['query-key', 'value', 'ffn', 'residual', 'channel'];

/** Widths of all groups before and after, a panel for each kind. */
export function Widths({ groups }: { groups: readonly WidthChange[] }) {
  const kinds = ORDER.filter((kind) => groups.some((group) => group.kind === kind));
  return (
    <div class="panels">
      {kinds.map((kind) => {
        const own = groups.filter((group) => group.kind === kind);
        const heads = own.some(({ lanes }) => lanes > 1);
        return (
          <figure class="card" key={kind}>
            <figcaption>
              <b>{kindName(kind)}</b> <span>units{heads && ' per head'}</span>
            </figcaption>
            <Bars label={`${kindName(kind)}, units before and after`} rows={own.map((group) => barOf(group, own))} />
          </figure>
        );
      })}
    </div>
  );
}

function barOf({ id, kind, block, before, after }: WidthChange, all: readonly WidthChange[]): BarRow {
  const alone = block !== null && all.filter((other) => other.block === block).length === 1;
  return { name: alone ? `Block ${block}` : id, before, after, look: `is-${kind}` };
}
