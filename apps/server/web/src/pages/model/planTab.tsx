import type { PruneReport } from '@snp/core';
import { counted, saving, score, whole } from '@snp/pages';
import { useEffect, useState } from 'preact/hooks';
import { answer, api, once, readArtefact } from '../../api/client.js';
import { Problem } from '../../api/problem.js';
import { useResource } from '../../api/resource.js';
import type { Group, Job, NewPruning, PruneJob } from '../../api/types.js';
import { useAction } from '../../parts/action.js';
import { Choices, Select } from '../../parts/fields.js';
import { Await, ProblemNote } from '../../parts/states.js';
import { KindTag, kindName } from '../../parts/tags.js';
import { go, href, query } from '../../route.js';
import { mayRun } from '../../session.js';
import { type CalibrationJob, useCalibrations } from './calibrations.js';
import { beginning, changed, type History, redone, sealed, undone } from './history.js';
import type { ModelTabProps } from './modelTab.js';
import {
  countsByLane,
  type Kept,
  keptByPlan,
  keptOf,
  keptWidth,
  planOf,
  restored,
  type Scores,
  toggled,
  withWidth,
} from './planEdits.js';
import { type Predicted, usePrediction } from './prediction.js';
import { UnitGrid } from './unitGrid.js';

interface Base {
  kept: Kept;
  scores: Scores;
}

/** Edits a plan by hand, from nothing or from what a pruning came up with, and applies it. */
export function PlanTab(props: ModelTabProps) {
  const { model } = props;
  const [from, setFrom] = useState(query.value.get('from') ?? '');
  const prunings = useResource(async () => {
    const wanted = { model: model.id, type: 'prune', state: 'done', limit: 100 };
    const { items } = await answer(api.GET('/api/jobs', { params: { query: wanted } }));
    return items.filter((job: Job): job is PruneJob => job.type === 'prune' && job.input.model === model.id);
  }, [model.id]);
  const base = useResource(() => fetchBase(from), [from]);
  const calibrations = useCalibrations(model.id);
  return (
    <div class="stack">
      <Await of={prunings}>
        {(jobs) => (
          <Select
            label="Begin with"
            value={from}
            onChange={setFrom}
            options={[
              { value: '', label: 'The whole model' },
              ...jobs.map(({ id, title }) => ({ value: id, label: `The plan of: ${title}` })),
            ]}
          />
        )}
      </Await>
      <Await of={base} what="Fetching the plan">
        {(own) => (
          <Await of={calibrations}>{(known) => <Editor key={from} {...props} base={own} calibrations={known} />}</Await>
        )}
      </Await>
    </div>
  );
}

async function fetchBase(job: string): Promise<Base> {
  if (job === '') return { kept: {}, scores: new Map() };
  const { artefacts } = await answer(api.GET('/api/jobs/{id}', { params: { path: { id: job } } }));
  const file = artefacts.find(({ name }) => name === 'report.json');
  if (!file) throw new Problem('There is no plan', 'This job made no report. Choose another pruning to begin with.');
  const report = await readArtefact<PruneReport>(file.url);
  const scores = report.groups.flatMap((group) => (group.scores ? [[group.id, group.scores] as const] : []));
  return { kept: keptByPlan(report.plan), scores: new Map(scores) };
}

function Editor({
  model,
  analysis,
  base,
  calibrations,
}: ModelTabProps & { base: Base; calibrations: readonly CalibrationJob[] }) {
  const [history, setHistory] = useState<History<Kept>>(() => beginning(base.kept));
  const [kind, setKind] = useState('');
  const calibration = calibrations.find(({ state }) => state === 'done');
  const kept = history.present;
  const predicted = usePrediction(model.id, {
    target: { plan: planOf(analysis, kept) },
    ...(calibration && { calibration: calibration.id }),
  });
  useShortcuts(setHistory);
  const edit = (change: (kept: Kept) => Kept, gesture?: string) =>
    setHistory((last) => changed(last, change(last.present), gesture));
  const kinds = [...new Set(analysis.groups.map((group) => group.kind))];
  const shown = analysis.groups.filter((group) => kind === '' || group.kind === kind);
  return (
    <>
      <div class="toolbar">
        <div class="row between">
          <div class="row" role="toolbar" aria-label="Changes">
            <button type="button" disabled={history.past.length === 0} onClick={() => setHistory(undone)}>
              Undo
            </button>
            <button type="button" disabled={history.future.length === 0} onClick={() => setHistory(redone)}>
              Redo
            </button>
            <span class="small quiet" role="status">
              {counted(history.past.length, 'change')}
            </span>
          </div>
          <Costs predicted={predicted} />
        </div>
        {predicted.problem && <ProblemNote problem={predicted.problem} />}
      </div>
      <div class="row between">
        <Choices
          label="Kind"
          value={kind}
          onChange={setKind}
          options={[
            { value: '', label: 'All' },
            ...kinds.map((one) => ({ value: one as string, label: kindName(one) })),
          ]}
        />
      </div>
      <div class="card">
        {shown.map((group) => (
          <GroupEditor
            key={group.id}
            group={group}
            kept={kept}
            scores={base.scores}
            edit={edit}
            onSeal={() => setHistory(sealed)}
          />
        ))}
      </div>
      <Apply
        {...{ model, analysis, kept, calibrations }}
        valid={predicted.prediction !== undefined && !predicted.problem && Object.keys(kept).length > 0}
      />
    </>
  );
}

/** Undo and redo, as everywhere else. Text fields keep their own. */
function useShortcuts(setHistory: (change: (last: History<Kept>) => History<Kept>) => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type !== 'range';
      if (typing || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key !== 'z' && key !== 'y') return;
      event.preventDefault();
      setHistory(key === 'y' || event.shiftKey ? redone : undone);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}

function Costs({ predicted: { prediction, busy } }: { predicted: Predicted }) {
  if (!prediction) return null;
  const { before, after, divergence } = prediction;
  return (
    <p class="row small" aria-live="polite" aria-busy={busy}>
      <span>
        MACs <b>{saving(before.macs, after.macs)}</b>
      </span>
      <span>
        Parameters <b>{saving(before.params, after.params)}</b>
      </span>
      <span>
        Weights <b>{saving(before.bytes, after.bytes)}</b>
      </span>
      {divergence !== null && (
        <span>
          Divergence <b>{score(divergence)} nats</b>
        </span>
      )}
    </p>
  );
}

interface GroupEditorProps {
  group: Group;
  kept: Kept;
  scores: Scores;
  edit: (change: (kept: Kept) => Kept, gesture?: string) => void;
  onSeal: () => void;
}

function GroupEditor({ group, kept, scores, edit, onSeal }: GroupEditorProps) {
  const [open, setOpen] = useState(false);
  const { id, kind, width, lanes, units } = group;
  const own = keptOf(group, kept);
  const now = keptWidth(group, kept);
  const uneven = new Set(countsByLane(group, own)).size > 1;
  const set = (text: string) => {
    const wanted = Math.round(Number(text));
    if (wanted >= 1 && wanted <= width) edit((last) => withWidth(group, last, wanted, scores), `width ${id}`);
  };
  return (
    <div class="group">
      <div class="edit-row">
        <span>
          <b class="mono">{id}</b> <KindTag kind={kind} />
        </span>
        <input
          type="range"
          aria-label={`${id}, units${lanes > 1 ? ' per head' : ''}`}
          min={1}
          max={width}
          value={now}
          onInput={(event) => set(event.currentTarget.value)}
          onChange={onSeal}
        />
        <input
          type="number"
          aria-label={`${id}, units${lanes > 1 ? ' per head' : ''}, as a number`}
          min={1}
          max={width}
          value={now}
          onChange={(event) => {
            set(event.currentTarget.value);
            onSeal();
          }}
        />
        <span class="small quiet number">of {whole(width)}</span>
        <button
          type="button"
          class="plain"
          aria-expanded={open}
          aria-label={`Units of ${id}`}
          onClick={() => setOpen(!open)}
        >
          Units
        </button>
      </div>
      {uneven && (
        <p class="note warning row">
          <span>Heads keep {countsByLane(group, own).join(', ')} units; they must keep equally many.</span>
          <button type="button" class="plain" onClick={() => edit((last) => withWidth(group, last, now, scores))}>
            Fill them to {now}
          </button>
        </p>
      )}
      {open && (
        <div class="body">
          <UnitGrid
            group={group}
            kept={new Set(own)}
            scores={scores.get(id)}
            onToggle={(unit) => edit((last) => toggled(group, last, unit))}
          />
          <p class="row small quiet">
            {own.length} of {units} stay.
            {own.length < units && (
              <button type="button" class="plain" onClick={() => edit((last) => restored(group, last))}>
                Keep all
              </button>
            )}
          </p>
        </div>
      )}
    </div>
  );
}

type Recovery = NonNullable<NewPruning['recovery']>;

const RECOVERIES: readonly Recovery[] = ['none', 'mean', 'ridge', 'full'];

interface ApplyProps extends ModelTabProps {
  kept: Kept;
  calibrations: readonly CalibrationJob[];
  valid: boolean;
}

/** Makes a model of the plan. */
function Apply({ model, analysis, kept, calibrations, valid }: ApplyProps) {
  const usable = calibrations.filter(({ state }) => state === 'done');
  const [recovery, setRecovery] = useState<Recovery>('none');
  const [calibration, setCalibration] = useState(usable[0]?.id ?? '');
  const apply = useAction(async () => {
    const plan = planOf(analysis, kept);
    const own = usable.find(({ id }) => id === calibration);
    const body: NewPruning = {
      model: model.id,
      target: { plan },
      recovery,
      ...(own && recovery !== 'none' && { calibration: own.id }),
      ...(own && { dataset: datasetOf(own), holdBack: true }),
    };
    const job = await answer(api.POST('/api/prunings', { params: { header: once() }, body }));
    go(href('jobs', job.id));
  });
  return (
    <section class="card stack" aria-labelledby="apply">
      <h2 id="apply">Apply</h2>
      <Choices
        label="Compensation"
        value={recovery}
        onChange={setRecovery}
        options={RECOVERIES.map((name) => ({
          value: name,
          label: name,
          disabled: name !== 'none' && usable.length === 0,
        }))}
        hint={
          usable.length === 0
            ? 'Without a calibration, weights can only be cut.'
            : 'Full compensation may mix units: it keeps the widths of the plan, and chooses what is in them.'
        }
      />
      {usable.length > 0 && (
        <Select
          label="Calibration"
          value={calibration}
          onChange={setCalibration}
          options={usable.map(({ id, title }) => ({ value: id, label: title }))}
        />
      )}
      {apply.note}
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={!valid || !mayRun.value || apply.busy}
          onClick={() => apply.run()}
        >
          Apply the plan
        </button>
        <a
          class="button"
          download="plan.json"
          href={`data:application/json,${encodeURIComponent(JSON.stringify(planOf(analysis, kept)))}`}
        >
          Save plan.json
        </a>
      </div>
    </section>
  );
}

/** The samples of a calibration: answers are compared on them. */
function datasetOf({ input: { dataset, preprocess, limit, every, start } }: CalibrationJob) {
  return {
    id: dataset,
    ...(preprocess && { preprocess }),
    ...(limit && { limit }),
    ...(every && { every }),
    ...(start !== undefined && { start }),
  };
}
