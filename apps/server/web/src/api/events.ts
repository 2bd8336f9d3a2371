import { useEffect, useRef } from 'preact/hooks';
import type { Device, Job, LogLine } from './types.js';

type Listener = (change: { job?: Job; device?: Device }) => void;

const listeners = new Set<Listener>();
let stream: EventSource | undefined;

/** Hears of every change of jobs and devices; all that listen share one connection. The browser reconnects by itself. */
export function useChanges(listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    const own: Listener = (change) => latest.current(change);
    listeners.add(own);
    stream ??= open();
    return () => {
      listeners.delete(own);
      if (listeners.size > 0) return;
      stream?.close();
      stream = undefined;
    };
  }, []);
}

function open(): EventSource {
  const source = new EventSource('/api/events');
  const tell = (change: { job?: Job; device?: Device }) => {
    for (const listener of [...listeners]) listener(change);
  };
  source.addEventListener('job', ({ data }) => tell({ job: JSON.parse(data) }));
  source.addEventListener('device', ({ data }) => tell({ device: JSON.parse(data) }));
  return source;
}

/** Progress and log of one job as they come, until it has ended. Gives what ends the connection. */
export function followJob(
  id: string,
  heard: { job: (job: Job) => void; log: (line: LogLine) => void; connected: (connected: boolean) => void },
): () => void {
  const source = new EventSource(`/api/jobs/${encodeURIComponent(id)}/events`);
  source.addEventListener('open', () => heard.connected(true));
  source.addEventListener('error', () => heard.connected(false));
  source.addEventListener('log', ({ data }) => heard.log(JSON.parse(data)));
  source.addEventListener('job', ({ data }) => {
    const job = JSON.parse(data) as Job;
    heard.job(job);
    // The server ends the stream after the end of the job; the browser would take that for a failure and ask again.
    if (job.ended) setTimeout(() => source.close(), 1000);
  });
  return () => source.close();
}
