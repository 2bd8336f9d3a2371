import { useState } from 'preact/hooks';
import { answer, api, once } from '../../api/client.js';
import { useResource } from '../../api/resource.js';
import type { About, Dataset, Device, NewPruning } from '../../api/types.js';
import { useAction } from '../../parts/action.js';
import { Check, Choices, Select, Text } from '../../parts/fields.js';
import { JobProgress } from '../../parts/jobProgress.js';
import { Await } from '../../parts/states.js';
import { go, href, query } from '../../route.js';
import { mayRun } from '../../session.js';
import { type CalibrationJob, startCalibration, useCalibrations } from './calibrations.js';
import { DATA_DEFAULTS, DataFields, type DataForm } from './dataFields.js';
import type { ModelTabProps } from './modelTab.js';
import { usePrediction } from './prediction.js';
import { PredictionPanel } from './predictionPanel.js';
import { pruneTarget, staticTarget, TARGET_DEFAULTS, type TargetForm } from './target.js';
import { TargetFields } from './targetFields.js';

interface Shelf {
  about: About;
  datasets: Dataset[];
  devices: Device[];
}

type Recovery = NonNullable<NewPruning['recovery']>;
type Beyond = NonNullable<NewPruning['plugins']>[number];

/** Units beyond neurons that may leave too. */
const BEYOND: readonly { name: Beyond; label: string }[] = [
  { name: 'head', label: 'Whole heads' },
  { name: 'block', label: 'Attention and FFN branches' },
];

/** How what stays is repaired; empty: what the data allow. */
interface MakingForm {
  recovery: Recovery | '';
  /** Minutes of training afterwards, as a text. */
  tune: string;
  criterion: string;
  round: number;
  plugins: readonly Beyond[];
}

/** Chooses a budget, sees what it costs, and starts the work. */
export function ShrinkTab(props: ModelTabProps) {
  const shelf = useResource(fetchShelf, []);
  const calibrations = useCalibrations(props.model.id);
  return (
    <Await of={shelf}>
      {(found) => <Await of={calibrations}>{(jobs) => <ShrinkForm {...props} {...found} calibrations={jobs} />}</Await>}
    </Await>
  );
}

async function fetchShelf(): Promise<Shelf> {
  const [about, datasets, devices] = await Promise.all([
    answer(api.GET('/api/about')),
    answer(api.GET('/api/datasets', { params: { query: { limit: 200 } } })),
    answer(api.GET('/api/devices')),
  ]);
  return { about, datasets: datasets.items, devices: devices.items };
}

function ShrinkForm({
  model,
  analysis,
  about,
  datasets,
  devices,
  calibrations,
}: ModelTabProps & Shelf & { calibrations: readonly CalibrationJob[] }) {
  const usable = calibrations.filter(({ state }) => state !== 'failed' && state !== 'cancelled');
  const [target, setTarget] = useState<TargetForm>(TARGET_DEFAULTS);
  const [data, setData] = useState<DataForm>({
    ...DATA_DEFAULTS,
    dataset: usable[0]?.input.dataset ?? datasets[0]?.id ?? '',
  });
  const [making, setMaking] = useState<MakingForm>({ recovery: '', tune: '', criterion: '', round: 1, plugins: [] });
  const [wanted, setWanted] = useState(query.value.get('calibration') ?? usable[0]?.id ?? '');
  const chosen = usable.find(({ id }) => id === wanted);
  const ready = chosen?.state === 'done' ? chosen.id : undefined;
  const known = staticTarget(target);
  const plugins = making.plugins.length > 0 ? { plugins: [...making.plugins] } : {};
  const round = making.round > 1 ? { round: making.round } : {};
  const predicted = usePrediction(model.id, known && { target: known, ...(ready && { calibration: ready }), ...round });
  const wish = pruneTarget(target, devices);

  const calibrate = useAction(async () => setWanted((await startCalibration(model.id, data, plugins)).id));
  const prune = useAction(async () => {
    const { recovery, criterion } = making;
    const own = datasets.find(({ id }) => id === data.dataset);
    const body: NewPruning = {
      model: model.id,
      target: wish!,
      ...(chosen && { calibration: chosen.id }),
      ...(own && { dataset: samplesOf(own, data, chosen !== undefined) }),
      ...(own && chosen && { holdBack: true }),
      ...(recovery && { recovery }),
      ...(making.tune && own && { tune: { minutes: Number(making.tune) } }),
      ...(criterion && { criterion }),
      ...round,
      ...plugins,
    };
    const job = await answer(api.POST('/api/prunings', { params: { header: once() }, body }));
    go(href('jobs', job.id));
  });
  const sweep = useAction(async () => {
    const own = datasets.find(({ id }) => id === data.dataset);
    const body = {
      model: model.id,
      calibration: chosen!.id,
      of: target.mode === 'params' || target.mode === 'bytes' ? target.mode : ('macs' as const),
      keep: [0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
      ...(own && { dataset: samplesOf(own, data, true) }),
      ...round,
      ...plugins,
    };
    const job = await answer(api.POST('/api/sweeps', { params: { header: once() }, body }));
    go(href('jobs', job.id));
  });

  return (
    <div class="split">
      <form
        class="stack"
        aria-label="Budget"
        onSubmit={(event) => {
          event.preventDefault();
          void prune.run();
        }}
      >
        <section class="card stack" aria-label="How small">
          <TargetFields
            form={target}
            onChange={(change) => setTarget((last) => ({ ...last, ...change }))}
            {...{ analysis, about, devices }}
          />
        </section>
        <section class="card stack" aria-label="Typical inputs">
          <DataFields
            form={data}
            onChange={(change) => setData((last) => ({ ...last, ...change }))}
            {...{ datasets, about }}
          />
          {usable.length > 0 && (
            <Select
              label="Calibration"
              value={wanted}
              onChange={setWanted}
              options={[
                { value: '', label: 'None: calibrate within the pruning' },
                ...usable.map((job) => ({ value: job.id, label: calibrationName(job, datasets) })),
              ]}
            />
          )}
          {data.dataset && (
            <div class="stack">
              <div>
                <button type="button" disabled={calibrate.busy || !mayRun.value} onClick={() => calibrate.run()}>
                  Calibrate {usable.length > 0 ? 'anew' : ''}
                </button>
              </div>
              <p class="small quiet">
                Measures once what each group does to the answers. After that, every budget is predicted at once.
              </p>
              {calibrate.note}
            </div>
          )}
          {chosen && chosen.state !== 'done' && <JobProgress key={chosen.id} id={chosen.id} brief />}
        </section>
        <section class="card stack" aria-label="How it is made">
          <Choices
            label="Compensation"
            value={making.recovery}
            onChange={(recovery) => setMaking({ ...making, recovery })}
            options={[
              { value: '', label: 'As the data allow' },
              ...about.recoveries.map((name) => ({ value: name as Recovery, label: name })),
            ]}
            hint="Rewrites the weights that stay, in closed form, so that they make up for those that leave."
          />
          {data.dataset && (
            <Select
              label="Train afterwards"
              value={making.tune}
              onChange={(tune) => setMaking({ ...making, tune })}
              options={[
                { value: '', label: 'No' },
                { value: '5', label: '5 minutes' },
                { value: '20', label: '20 minutes' },
                { value: '60', label: '1 hour' },
                { value: '300', label: '5 hours' },
              ]}
              hint="Towards the original's answers to the data set, without labels."
            />
          )}
          <fieldset class="field">
            <legend>May leave beside neurons</legend>
            {BEYOND.map(({ name, label }) => (
              <Check
                key={name}
                label={label}
                value={making.plugins.includes(name)}
                onChange={(wished) => setMaking({ ...making, plugins: toggled(making.plugins, name, wished) })}
              />
            ))}
            {making.plugins.length > 0 && <p class="hint">What is predicted here counts neurons alone.</p>}
          </fieldset>
          <details>
            <summary>More</summary>
            <div class="stack">
              <Select
                label="Criterion"
                value={making.criterion}
                onChange={(criterion) => setMaking({ ...making, criterion })}
                options={[
                  { value: '', label: 'Chosen by the compensation' },
                  ...about.criteria.map((name) => ({ value: name, label: name })),
                ]}
              />
              <Text
                label="Widths are multiples of"
                type="number"
                min={1}
                value={String(making.round)}
                onChange={(text) => Number(text) >= 1 && setMaking({ ...making, round: Math.floor(Number(text)) })}
              />
            </div>
          </details>
        </section>
        {prune.note}
        {sweep.note}
        <div class="row">
          <button type="submit" class="primary" disabled={!mayRun.value || !wish || prune.busy}>
            Prune
          </button>
          <button
            type="button"
            disabled={!mayRun.value || !chosen || sweep.busy}
            title={chosen ? undefined : 'Takes a calibration'}
            onClick={() => sweep.run()}
          >
            Sweep 90 to 40 %
          </button>
          {!mayRun.value && <span class="small quiet">Your token only reads.</span>}
        </div>
      </form>
      <PredictionPanel
        {...{ model, analysis, predicted }}
        calibration={ready}
        of={target.mode === 'params' ? 'params' : 'macs'}
        measured={target.mode === 'latency'}
      />
    </div>
  );
}

function toggled<T>(list: readonly T[], item: T, wished: boolean): T[] {
  const others = list.filter((other) => other !== item);
  return wished ? [...others, item] : others;
}

/** So many samples that a calibration has not seen are enough to compare answers on. */
const ENOUGH_UNSEEN = 16;

/** Which samples a pruning takes. Beside a calibration, answers are compared on those that it has not seen, if there are enough. */
function samplesOf({ id, files }: Dataset, { limit, preprocess }: DataForm, calibrated: boolean) {
  const own = { id, ...(preprocess && { preprocess }) };
  return calibrated && files >= limit + ENOUGH_UNSEEN ? { ...own, start: limit, limit } : { ...own, limit };
}

function calibrationName({ input, state, result }: CalibrationJob, datasets: readonly Dataset[]): string {
  const name = datasets.find(({ id }) => id === input.dataset)?.name ?? 'removed data';
  return `${result?.samples ?? input.limit ?? 'all'} samples of ${name}${state === 'done' ? '' : ` (${state})`}`;
}
