import { useEffect, useRef } from 'preact/hooks';
import { root } from './root.js';
import type { Device, Job, LogLine } from './types.js';

interface Change {
  job?: Job;
  device?: Device;
}

interface Listener {
  heard: (change: Change) => void;
  missed: () => void;
}

const listeners = new Set<Listener>();
let stream: EventSource | undefined;

/**
 * Hears of every change of jobs and devices; all that listen share one connection. The browser reconnects by itself.
 *
 * @param missed Fetches again what is shown: the connection was broken, and changes have gone by.
 */
export function useChanges(heard: Listener['heard'], missed: Listener['missed']): void {
  const latest = useRef({ heard, missed });
  latest.current = { heard, missed };
  useEffect(() => {
    const own: Listener = {
      heard: (change) => latest.current.heard(change),
      missed: () => latest.current.missed(),
    };
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
  const source = new EventSource(`${root}/api/events`);
  const tell = (change: Change) => {
    for (const { heard } of [...listeners]) heard(change);
  };
  let wasOpen = false;
  source.addEventListener('open', () => {
    if (wasOpen) for (const { missed } of [...listeners]) missed();
    wasOpen = true;
  });
  source.addEventListener('job', ({ data }) => tell({ job: JSON.parse(data) }));
  source.addEventListener('device', ({ data }) => tell({ device: JSON.parse(data) }));
  return source;
}

/** Progress and log of one job as they come, until it has ended. Gives what ends the connection. */
export function followJob(
  id: string,
  heard: { job: (job: Job) => void; log: (line: LogLine) => void; connected: (connected: boolean) => void },
): () => void {
  const source = new EventSource(`${root}/api/jobs/${encodeURIComponent(id)}/events`);
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
