import { score } from '@snp/pages';
import { answer, api } from '../../api/client.js';
import { useResource } from '../../api/resource.js';
import { savingFigures, Totals } from '../../parts/costs.js';
import { Await, ProblemNote } from '../../parts/states.js';
import { TradeOffPlot } from '../../parts/tradeOffPlot.js';
import { type WidthChange, Widths } from '../../parts/widths.js';
import type { ModelTabProps } from './modelTab.js';
import type { Predicted } from './prediction.js';

interface PredictionPanelProps extends ModelTabProps {
  predicted: Predicted;
  /** One that is done. */
  calibration: string | undefined;
  of: 'macs' | 'params';
  /** The target is found by measuring: nothing can be predicted. */
  measured: boolean;
}

/** What the chosen budget costs and does, before anything is made. */
export function PredictionPanel({ model, analysis, predicted, calibration, of, measured }: PredictionPanelProps) {
  const { prediction, problem, busy } = predicted;
  return (
    <section class="stack" aria-label="Prediction" aria-busy={busy}>
      {problem && <ProblemNote problem={problem} />}
      {prediction && (
        <Totals
          figures={[
            ...savingFigures(prediction.before, prediction.after),
            {
              name: 'Divergence',
              value: prediction.divergence === null ? '–' : `${score(prediction.divergence)} nats`,
              note: prediction.divergence === null ? 'takes a calibration' : 'expected, of the answers',
            },
          ]}
        />
      )}
      {measured && <p class="note">What a limit on latency takes away is found by measuring, once you start.</p>}
      <div class="card">
        {calibration ? (
          <Curve key={calibration} {...{ model, calibration, of, predicted }} />
        ) : (
          <p class="quiet">
            <b>Predicted trade-off.</b> With a calibration, the curve of expected divergence over all budgets stands
            here, and the budget is divided by it.
          </p>
        )}
      </div>
      {prediction && <Widths groups={changesOf(analysis, prediction.widths)} />}
    </section>
  );
}

interface CurveProps {
  model: ModelTabProps['model'];
  calibration: string;
  of: 'macs' | 'params';
  predicted: Predicted;
}

function Curve({ model, calibration, of, predicted: { prediction } }: CurveProps) {
  const tradeOff = useResource(
    () => answer(api.GET('/api/models/{id}/trade-off', { params: { path: { id: model.id }, query: { calibration } } })),
    [model.id, calibration],
  );
  const now =
    prediction && prediction.divergence !== null
      ? { share: prediction.after[of] / prediction.before[of], divergence: prediction.divergence }
      : undefined;
  return <Await of={tradeOff}>{({ points }) => <TradeOffPlot {...{ points, of, now }} />}</Await>;
}

/** Widths of all groups, before and under some others. */
function changesOf({ groups }: ModelTabProps['analysis'], widths: Readonly<Record<string, number>>): WidthChange[] {
  return groups.map(({ id, kind, block, lanes, width }) => ({
    id,
    kind,
    block,
    lanes,
    before: width,
    after: widths[id] ?? width,
  }));
}
