import { count, counted, percent, whole } from '@snp/pages';
import type { ComponentChildren } from 'preact';
import type { Analysis, Block } from '../../api/types.js';
import { Bars } from '../../parts/bars.js';
import { costFigures, Totals } from '../../parts/costs.js';
import { href } from '../../route.js';
import { BlockPicture, type BlockScale, scaleOf } from './blockPicture.js';
import type { ModelTabProps } from './modelTab.js';

/** What a model is made of, and where its cost lies. */
export function OverviewTab({ model, analysis }: ModelTabProps) {
  const { blocks, cost, prunable, notPrunable, groups, frozen } = analysis;
  const residual = groups.find(({ kind }) => kind === 'residual')?.units;
  return (
    <div class="stack wide">
      <Totals
        figures={[
          ...costFigures(cost),
          {
            name: 'Pruning gets at',
            value: `${Math.round(100 * prunable.macs)} %`,
            note: `of the MACs, ${Math.round(100 * prunable.params)} % of the parameters`,
          },
        ]}
      />
      {notPrunable && (
        <div class="note warning">
          <h2>Nothing here can be pruned</h2>
          <p>{notPrunable}</p>
        </div>
      )}
      <section class="stack" aria-labelledby="blocks">
        <div class="row between">
          <h2 id="blocks">
            {counted(blocks.length, 'block')}
            {residual && <span class="quiet"> on a residual stream of {whole(residual)} channels</span>}
          </h2>
          <ul class="key" aria-label="Colours">
            <li class="is-query-key">query/key per head</li>
            <li class="is-value">value per head</li>
            <li class="is-ffn">FFN</li>
          </ul>
        </div>
        {blocks.length === 0 ? (
          <p class="note">No Transformer blocks were found. What can be pruned anyway stands under Groups.</p>
        ) : (
          <Blocks id={model.id} analysis={analysis} scale={scaleOf(blocks, residual)} />
        )}
      </section>
      <div class="cards loose">
        <section class="card stack" aria-labelledby="frozen">
          <h2 id="frozen">Frozen</h2>
          {frozen.length === 0 ? (
            <p>Nothing: every width of this model can change.</p>
          ) : (
            <>
              <p>{counted(frozen.length, 'dimension')} must keep their size:</p>
              <Reasons frozen={frozen} />
              <a href={`${href('models', model.id, 'groups')}?show=frozen`}>Which, and why</a>
            </>
          )}
        </section>
        <section class="card stack" aria-labelledby="graph">
          <h2 id="graph">Graph</h2>
          <Facts analysis={analysis} />
        </section>
        <section class="card stack" aria-labelledby="operators">
          <h2 id="operators">Operators</h2>
          <Operators operators={analysis.operators} />
        </section>
      </div>
    </div>
  );
}

function Blocks({ id, analysis, scale }: { id: string; analysis: Analysis; scale: BlockScale }) {
  const { blocks, cost, outside } = analysis;
  const most = Math.max(outside.macs, ...blocks.map(({ macs }) => macs));
  return (
    <ol class="blocks card">
      {blocks.map((block) => (
        <li key={block.block}>
          <a href={`${href('models', id, 'groups')}?block=${block.block}`}>
            <span>
              Block {block.block}
              <br />
              <span class="small quiet">{counted(block.heads, 'head')}</span>
            </span>
            <BlockPicture block={block} scale={scale} />
            <Share macs={block.macs} of={cost.macs} most={most} text={<WidthsOf block={block} />} />
          </a>
        </li>
      ))}
      <li>
        <div class="outside">
          <span>Outside</span>
          <span class="small quiet">embedding, head, and whatever else is in no block</span>
          <Share macs={outside.macs} of={cost.macs} most={most} text={`${count(outside.macs)} MACs`} />
        </div>
      </li>
    </ol>
  );
}

function Share({ macs, of, most, text }: { macs: number; of: number; most: number; text: ComponentChildren }) {
  return (
    <span class="share">
      <span class="bar is-residual" aria-hidden="true">
        <i style={{ width: '100%' }} />
        <i style={{ width: `${(100 * macs) / most}%` }} />
      </span>
      {percent(macs, of)} <span class="quiet">MACs</span>
      <br />
      <span class="quiet">{text}</span>
    </span>
  );
}

/** Query/key, value and FFN widths, whose order the legend gives and screen readers are told. */
function WidthsOf({ block: { queryKey, value, ffn } }: { block: Block }) {
  const said = (text: string) => <span class="visually-hidden">{text} </span>;
  return (
    <>
      {said('query/key')}
      {queryKey ?? '–'} · {said('value')}
      {value ?? '–'} · {said('FFN')}
      {ffn.join(' + ') || '–'}
    </>
  );
}

function Reasons({ frozen }: { frozen: Analysis['frozen'] }) {
  const byOperator = new Map<string, number>();
  for (const { operator } of frozen) {
    const name = operator ?? 'other reasons';
    byOperator.set(name, (byOperator.get(name) ?? 0) + 1);
  }
  const rows = [...byOperator].sort((a, b) => b[1] - a[1]).slice(0, 8);
  return (
    <Bars
      label="Frozen dimensions by the operator that holds them"
      rows={rows.map(([name, number]) => ({
        name,
        before: 0,
        after: number,
        look: 'is-residual',
        text: String(number),
      }))}
    />
  );
}

function Facts({ analysis }: { analysis: Analysis }) {
  const { nodes, opset, producer, inputs, outputs, assumedDims, fingerprint } = analysis;
  const port = ({ name, type, dims }: Analysis['inputs'][number]) =>
    `${name}: ${type.toLowerCase()} [${dims.map((dim) => dim ?? '?').join(', ')}]`;
  const assumed = Object.entries(assumedDims);
  return (
    <dl class="facts">
      <dt>Nodes</dt>
      <dd>{whole(nodes)}</dd>
      <dt>Opset</dt>
      <dd>{opset}</dd>
      <dt>Made by</dt>
      <dd>{producer || 'unknown'}</dd>
      <dt>Inputs</dt>
      <dd class="mono">{inputs.map(port).join('; ')}</dd>
      <dt>Outputs</dt>
      <dd class="mono">{outputs.map(port).join('; ')}</dd>
      {assumed.length > 0 && (
        <>
          <dt>Counted with</dt>
          <dd class="mono">{assumed.map(([name, size]) => `${name} = ${size}`).join(', ')}</dd>
        </>
      )}
      <dt>Structure</dt>
      <dd class="mono">{fingerprint}</dd>
    </dl>
  );
}

function Operators({ operators }: { operators: Analysis['operators'] }) {
  const rows = Object.entries(operators).sort((a, b) => b[1] - a[1]);
  return (
    <div class="scroll">
      <Bars
        label="Nodes by operator"
        rows={rows.map(([name, number]) => ({
          name,
          before: 0,
          after: number,
          look: 'is-residual',
          text: whole(number),
        }))}
      />
    </div>
  );
}
