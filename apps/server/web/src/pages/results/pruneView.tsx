import type { PruneReport } from '@snp/core';
import { count, counted, duration, saving, score } from '@snp/pages';
import { useState } from 'preact/hooks';
import { readArtefact } from '../../api/client.js';
import { useResource } from '../../api/resource.js';
import type { Fidelity, PruneJob, PruneResult } from '../../api/types.js';
import { Bars } from '../../parts/bars.js';
import { savingFigures, Totals } from '../../parts/costs.js';
import { Histogram } from '../../parts/histogram.js';
import { Await } from '../../parts/states.js';
import { TradeOffPlot } from '../../parts/tradeOffPlot.js';
import { Widths } from '../../parts/widths.js';
import { href } from '../../route.js';

/** A pruned model beside its original. */
export function PruneView({ job, result }: { job: PruneJob; result: PruneResult }) {
  const { cost, blocks, groups, fidelity, tuning, tradeOff, warnings, seconds } = result;
  const { model, budget, criterion, recovery, samples } = result;
  return (
    <>
      <section class="stack" aria-labelledby="before-after">
        <div class="row between">
          <h2 id="before-after">Before and after</h2>
          <span class="row">
            <a href={href('models', model)}>The pruned model</a>
            <a href={`${href('models', job.input.model, 'plan')}?from=${job.id}`}>Edit its plan</a>
            <a href={`${href('models', job.input.model, 'results')}?with=${model}`}>Measure on devices</a>
          </span>
        </div>
        <p class="quiet">
          Kept: {budget}. Criterion {criterion}, compensation {recovery}
          {samples > 0 && `, calibrated on ${counted(samples, 'sample')}`}.
        </p>
        <Totals
          figures={[...savingFigures(cost.before, cost.after), ...(fidelity ? [agreementFigure(fidelity)] : [])]}
        />
        {fidelity && <FidelityNote fidelity={fidelity} />}
        {tuning && <TuningNote tuning={tuning} />}
        {warnings.length > 0 && (
          <div class="note warning">
            <h3>{counted(warnings.length, 'warning')}</h3>
            <ul>
              {warnings.map((warning) => (
                <li key={warning} class="wrap">
                  {warning}
                </li>
              ))}
            </ul>
          </div>
        )}
      </section>
      <section class="stack" aria-labelledby="widths">
        <h2 id="widths">Widths</h2>
        <ul class="key" aria-label="Colours">
          <li>before</li>
          <li class="is-active">after, in the colour of the kind</li>
        </ul>
        <Widths groups={groups} />
      </section>
      <div class="panels">
        <figure class="card">
          <figcaption>
            <b>MACs by block</b> <span>before and after</span>
          </figcaption>
          <Bars
            label="MACs by block, before and after"
            rows={blocks.map(({ block, before, after }) => ({
              name: block === null ? 'Outside' : `Block ${block}`,
              before: before.macs,
              after: after.macs,
              text: `${count(after.macs)}  ${saving(before.macs, after.macs)}`,
            }))}
          />
        </figure>
        {tradeOff && tradeOff.length > 0 && (
          <div class="card">
            <TradeOffPlot
              points={tradeOff.map((point) => ({ ...point, params: point.macs }))}
              of="macs"
              now={chosenOn(tradeOff, cost.after.macs / cost.before.macs)}
            />
          </div>
        )}
        <figure class="card">
          <figcaption>
            <b>Time by step</b>
          </figcaption>
          <Bars
            label="Seconds by step"
            rows={Object.entries(seconds)
              .sort((a, b) => b[1] - a[1])
              .map(([step, time]) => ({
                name: step,
                before: 0,
                after: time,
                look: 'is-residual',
                text: duration(time),
              }))}
          />
        </figure>
      </div>
      <Scores job={job} />
    </>
  );
}

function agreementFigure({ agreement, cosine, samples, answers = samples, interval }: Fidelity) {
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const of =
    answers > samples ? `${counted(answers, 'answer')} in ${counted(samples, 'sample')}` : counted(samples, 'sample');
  const known = agreement === undefined ? interval?.cosine : interval?.agreement;
  const range = known ? `; 95 %: ${share(known.low)} to ${share(known.high)}` : '';
  const name = agreement === undefined ? 'Cosine of embeddings' : 'Same top answer';
  return { name, value: share(agreement ?? cosine), note: `of ${of}${range}` };
}

function FidelityNote({ fidelity }: { fidelity: Fidelity }) {
  const { agreement, cosine, lowCosine, rankCorrelation, divergence, interval } = fidelity;
  const range = interval && ` (95 %: ${score(interval.divergence.low)} to ${score(interval.divergence.high)})`;
  const ranks = rankCorrelation === undefined ? '' : `, rank correlation of similarities ${rankCorrelation.toFixed(4)}`;
  return (
    <p class="small quiet">
      {agreement === undefined
        ? `Against the original's embeddings: 5 % of the cosines below ${(lowCosine ?? cosine).toFixed(4)}${ranks}, squared error ${score(divergence)} of the variance`
        : `Against the original's answers: cosine ${cosine.toFixed(4)}, divergence ${score(divergence)} nats`}
      {range}.
    </p>
  );
}

/** What training came to, on the samples that chose what was taken. */
function TuningNote({ tuning }: { tuning: NonNullable<PruneResult['tuning']> }) {
  const { before, after, better, steps, epochs, samples, fidelityBefore } = tuning;
  const came = better
    ? `loss ${score(before.loss)} → ${score(after.loss)}`
    : `nothing better than a loss of ${score(before.loss)} was found`;
  const unseen = fidelityBefore
    ? `; divergence before training, on the samples above: ${score(fidelityBefore.divergence)}`
    : '';
  return (
    <p class="small quiet">
      Trained on {counted(samples.trained, 'sample')} ({counted(steps, 'step')}, {epochs.toFixed(1)} epochs): {came} on{' '}
      {counted(samples.heldBack, 'sample')} that chose what was taken{unseen}.
    </p>
  );
}

/** The point of the curve that is nearest to what was made. */
function chosenOn(points: readonly { macs: number; divergence: number }[], share: number) {
  const near = points.reduce((best, point) =>
    Math.abs(point.macs - share) < Math.abs(best.macs - share) ? point : best,
  );
  return { share: near.macs, divergence: near.divergence };
}

/** Scores are in the report, which is large: it is fetched when someone wants to see them. */
function Scores({ job }: { job: PruneJob }) {
  const [open, setOpen] = useState(false);
  const report = job.artefacts.find(({ name }) => name === 'report.json');
  if (!report) return null;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="heading">Scores of all units</span>
      </summary>
      {open && <Histograms url={report.url} />}
    </details>
  );
}

function Histograms({ url }: { url: string }) {
  const report = useResource(() => readArtefact<PruneReport>(url), [url]);
  return (
    <Await of={report} what="Fetching the report">
      {({ groups }) => {
        const scored = groups.filter(({ scores }) => scores);
        if (scored.length === 0)
          return (
            <p class="quiet">
              No units were scored: the plan was given, or the compensation picked or mixed them itself.
            </p>
          );
        return (
          <div class="stack">
            <ul class="key" aria-label="Colours">
              <li class="is-active">stayed</li>
              <li class="is-left">left</li>
            </ul>
            <div class="panels">
              {scored.map(({ id, scores, removed }) => (
                <div class="card" key={id}>
                  <Histogram id={id} scores={scores!} removed={new Set(removed)} />
                </div>
              ))}
            </div>
          </div>
        );
      }}
    </Await>
  );
}
