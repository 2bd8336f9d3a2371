import type { Block } from '../../api/types.js';

/** What all blocks of a model are drawn to: one scale for widths per head, one for FFNs and the stream. */
export interface BlockScale {
  head: number;
  wide: number;
  residual: number | undefined;
}

const HEIGHT = 58;
const MIDDLE = HEIGHT / 2;
const TALLEST = HEIGHT - 16;
const ATTENTION = { from: 6, to: 52 };
const FFN = { from: 60, to: 99 };
const STREAM = 1.4;

/** The scale for some blocks. */
export function scaleOf(blocks: readonly Block[], residual: number | undefined): BlockScale {
  const heads = blocks.flatMap(({ queryKey, value }) => [queryKey ?? 0, value ?? 0]);
  const wide = [...blocks.flatMap(({ ffn }) => ffn), residual ?? 0];
  return { head: Math.max(1, ...heads), wide: Math.max(1, ...wide), residual };
}

/** A block as it hangs on the residual stream: query/key and value neurons of each head, and the FFN from narrow to wide and back. */
export function BlockPicture({ block, scale }: { block: Block; scale: BlockScale }) {
  return (
    <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="stream" x="0" y="0" width={STREAM} height={HEIGHT} />
      <path class="wire" d={`M${STREAM} ${MIDDLE}H${FFN.from}`} vector-effect="non-scaling-stroke" />
      <Heads block={block} scale={scale} />
      <Ffns ffn={block.ffn} scale={scale} />
    </svg>
  );
}

function Heads({ block: { heads, queryKey, value }, scale }: { block: Block; scale: BlockScale }) {
  const count = Math.max(1, heads);
  const slot = (ATTENTION.to - ATTENTION.from) / count;
  return (
    <>
      {Array.from({ length: count }, (_, head) => {
        const x = ATTENTION.from + head * slot;
        return (
          <g key={head}>
            <Column
              look="query-key"
              x={x + 0.08 * slot}
              width={0.38 * slot}
              share={queryKey && queryKey / scale.head}
            />
            <Column look="value" x={x + 0.5 * slot} width={0.38 * slot} share={value && value / scale.head} />
          </g>
        );
      })}
    </>
  );
}

function Column({ look, x, width, share }: { look: string; x: number; width: number; share: number | null }) {
  const height = Math.max(2, (share ?? 0.6) * TALLEST);
  const place = { x, width, y: MIDDLE - height / 2, height };
  return share === null ? (
    <rect class="frozen-part" {...place} vector-effect="non-scaling-stroke" />
  ) : (
    <rect class={look} {...place} />
  );
}

function Ffns({ ffn, scale }: { ffn: readonly number[]; scale: BlockScale }) {
  const outer = Math.max(2, ((scale.residual ?? 0.25 * scale.wide) / scale.wide) * TALLEST) / 2;
  const slot = (FFN.to - FFN.from) / Math.max(1, ffn.length);
  return (
    <>
      {ffn.map((hidden, at) => {
        const inner = Math.max(2, (hidden / scale.wide) * TALLEST) / 2;
        const [from, to] = [FFN.from + at * slot, FFN.from + (at + 0.94) * slot];
        const [left, right] = [from + 0.3 * (to - from), to - 0.3 * (to - from)];
        const upper = `${from},${MIDDLE - outer} ${left},${MIDDLE - inner} ${right},${MIDDLE - inner} ${to},${MIDDLE - outer}`;
        const lower = `${to},${MIDDLE + outer} ${right},${MIDDLE + inner} ${left},${MIDDLE + inner} ${from},${MIDDLE + outer}`;
        return <polygon key={at} class="ffn" points={`${upper} ${lower}`} />;
      })}
    </>
  );
}
