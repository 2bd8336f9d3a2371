import { useEffect, useState } from 'preact/hooks';
import { answer, api } from '../api/client.js';
import { followJob } from '../api/events.js';
import { Problem } from '../api/problem.js';
import { ended, type Job, type LogLine } from '../api/types.js';

/** A job as it goes on, with its log. */
export interface FollowedJob {
  job: Job | undefined;
  log: readonly LogLine[];
  /** Seconds until the step of the moment is through, as far as its pace tells. */
  left: number | undefined;
  /** False while the browser tries to reach the server again. */
  connected: boolean;
  problem: Problem | undefined;
}

/** Lines that are kept: the end of a log that is longer. */
const MOST_LINES = 2000;

interface Pace {
  step: string;
  at: number;
  done: number;
}

/** Follows a job. Whatever was missed (the page was closed, the connection broke) comes first. */
export function useJob(id: string): FollowedJob {
  const [state, setState] = useState<FollowedJob>({
    job: undefined,
    log: [],
    left: undefined,
    connected: true,
    problem: undefined,
  });
  useEffect(() => {
    let pace: Pace | undefined;
    let stop: (() => void) | undefined;
    let gone = false;
    const update = (change: (last: FollowedJob) => Partial<FollowedJob>) =>
      !gone && setState((last) => ({ ...last, ...change(last) }));
    const heardJob = (job: Job) => {
      pace = paceOf(job, pace);
      const left = timeLeft(job, pace);
      update(() => ({ job, left, connected: true }));
    };
    const heardLines = (lines: readonly LogLine[]) =>
      update(({ log }) => {
        const last = log.at(-1)?.seq ?? -1;
        return { log: [...log, ...lines.filter(({ seq }) => seq > last)].slice(-MOST_LINES) };
      });
    const path = { params: { path: { id } } };
    answer(api.GET('/api/jobs/{id}', path)).then(
      async (job) => {
        heardJob(job);
        if (gone) return;
        if (!ended(job)) {
          stop = followJob(id, {
            job: heardJob,
            log: (line) => heardLines([line]),
            connected: (connected) => update(() => ({ connected })),
          });
          return;
        }
        const logs = await answer(api.GET('/api/jobs/{id}/logs', path)).catch(() => ({ items: [] }));
        heardLines(logs.items);
      },
      (error) => update(() => ({ problem: Problem.from(error) })),
    );
    return () => {
      gone = true;
      stop?.();
    };
  }, [id]);
  return state;
}

/** When the step of the moment was first seen, and how far it was then. */
function paceOf({ progress }: Job, last: Pace | undefined): Pace | undefined {
  if (!progress) return undefined;
  if (last && last.step === progress.step && progress.done >= last.done) return last;
  return { step: progress.step, at: performance.now(), done: progress.done };
}

function timeLeft({ progress, state }: Job, pace: Pace | undefined): number | undefined {
  if (state !== 'running' || !progress?.total || !pace) return undefined;
  const seconds = (performance.now() - pace.at) / 1000;
  const done = progress.done - pace.done;
  return done > 0 && seconds > 1 ? ((progress.total - progress.done) * seconds) / done : undefined;
}
