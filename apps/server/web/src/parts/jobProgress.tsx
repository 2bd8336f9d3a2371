import { duration } from '@snp/pages';
import { useEffect, useRef, useState } from 'preact/hooks';
import { answer, api } from '../api/client.js';
import { ended, type Job, type LogLine } from '../api/types.js';
import { href } from '../route.js';
import { mayRun } from '../session.js';
import { useAction } from './action.js';
import { ProblemNote } from './states.js';
import { JobTag } from './tags.js';
import { type FollowedJob, useJob } from './useJob.js';

/** Steps by type of job, in the order of the work. */
const STEPS: Record<Job['type'], readonly string[]> = {
  inspect: ['read', 'analyze'],
  calibrate: ['read', 'calibrate', 'solve', 'gradients', 'probe'],
  'calibrate-shard': ['read', 'calibrate'],
  prune: [
    'read',
    'analyze',
    'calibrate',
    'solve',
    'gradients',
    'probe',
    'plan',
    'score',
    'recover',
    'apply',
    'reconstruct',
    'match',
    'compare',
    'write',
  ],
  sweep: [],
  'sweep-point': ['read', 'analyze', 'solve', 'plan', 'recover', 'apply', 'reconstruct', 'match', 'compare', 'write'],
  benchmark: ['load', 'warm-up', 'measure'],
};

/** How far a job is, in one card; the brief form leaves out the log. */
export function JobProgress({ id, brief }: { id: string; brief?: boolean }) {
  return <JobView followed={useJob(id)} brief={brief} />;
}

/** The same of a job that is followed already. */
export function JobView({ followed, brief = false }: { followed: FollowedJob; brief?: boolean | undefined }) {
  const { job, log, problem } = followed;
  if (problem) return <ProblemNote problem={problem} />;
  if (!job) return null;
  return (
    <div class="stack">
      <State {...followed} job={job} brief={brief} />
      {job.error && (
        <div class="note failure" role="alert">
          <h3>The job failed</h3>
          <p class="wrap">{job.error.message}</p>
          <p class="small quiet">{job.error.code}</p>
        </div>
      )}
      {!brief && <Log lines={log} live={!ended(job)} />}
    </div>
  );
}

function State({ job, left, connected, brief }: FollowedJob & { job: Job; brief: boolean }) {
  const { state, progress, parts, type, title, attempt, worker } = job;
  const cancel = useAction(async () => {
    await answer(api.POST('/api/jobs/{id}/cancel', { params: { path: { id: job.id } } }));
  });
  const running = state === 'running';
  const share = parts ? parts.done / parts.total : progress?.total ? progress.done / progress.total : undefined;
  return (
    <section class={brief ? 'stack' : 'card stack'} aria-label={`Progress of ${title}`}>
      <div class="row between">
        <span class="row">
          <JobTag state={state} />
          {running && progress && <span>{progress.step}</span>}
          {parts && (
            <span class="small quiet">
              {parts.done} of {parts.total} parts
            </span>
          )}
        </span>
        <span class="small quiet number" role="timer" aria-live="off">
          <Elapsed job={job} />
          {running && left !== undefined && `, about ${duration(left)} left in this step`}
        </span>
      </div>
      {running && (
        <progress
          aria-label={`${title}: ${progress?.step ?? 'running'}`}
          {...(share !== undefined && { value: Math.min(1, share) })}
          max={1}
        />
      )}
      {!brief && <Steps type={type} current={progress?.step} state={state} />}
      {!connected && !ended(job) && (
        <p class="note warning" role="status">
          The connection is broken; the browser tries again. The job goes on meanwhile.
        </p>
      )}
      {attempt > 1 && (
        <p class="small quiet">
          Taken up {attempt} times: a worker ended before the job did. What it had done is not lost.
        </p>
      )}
      <div class="row">
        {!ended(job) && mayRun.value && (
          <button type="button" disabled={cancel.busy} onClick={() => cancel.run()}>
            Cancel
          </button>
        )}
        {brief && <a href={href('jobs', job.id)}>Log and details</a>}
        {!brief && worker && <span class="small quiet">on {worker}</span>}
      </div>
      {cancel.note}
    </section>
  );
}

function Steps({ type, current, state }: { type: Job['type']; current: string | undefined; state: Job['state'] }) {
  const steps = STEPS[type];
  if (steps.length === 0) return null;
  const at = current === undefined ? -1 : steps.indexOf(current);
  return (
    <ol class="steps" aria-label="Steps">
      {steps.map((step, position) => (
        <li
          key={step}
          class={position < at || state === 'done' ? 'past' : undefined}
          aria-current={position === at && state === 'running' ? 'step' : undefined}
        >
          {step}
        </li>
      ))}
    </ol>
  );
}

/** Seconds since a job began, or that it took. */
function Elapsed({ job: { started, ended: end } }: { job: Job }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!started || end) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [started, end]);
  if (!started) return <>not begun</>;
  return <>{duration(Math.max(0, ((end ? Date.parse(end) : now) - Date.parse(started)) / 1000))}</>;
}

function Log({ lines, live }: { lines: readonly LogLine[]; live: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const last = lines.at(-1)?.seq;
  useEffect(() => {
    const element = box.current;
    // Who has scrolled up to read stays there.
    if (element && element.scrollHeight - element.scrollTop - element.clientHeight < 80)
      element.scrollTop = element.scrollHeight;
  }, [last]);
  if (lines.length === 0) return live ? null : <p class="small quiet">The log is empty.</p>;
  return (
    <section class="stack" aria-labelledby="log">
      <h2 id="log">Log</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div class="log" ref={box} role="log" tabIndex={0} aria-labelledby="log">
        {lines.map(({ seq, at, level, text }) => (
          <div key={seq} class={level}>
            <span class="quiet">{new Date(at).toLocaleTimeString()}</span> {text}
          </div>
        ))}
      </div>
    </section>
  );
}
