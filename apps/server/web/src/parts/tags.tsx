import type { Device, Job, Kind, Model } from '../api/types.js';

const KIND_NAMES: Record<Kind, string> = {
  'query-key': 'query/key',
  value: 'value',
  ffn: 'FFN',
  residual: 'residual stream',
  channel: 'channels',
  head: 'heads',
  block: 'blocks',
};

/** A kind of group in words. */
export function kindName(kind: string): string {
  return KIND_NAMES[kind as Kind] ?? kind;
}

/** A kind of group with its colour. */
export function KindTag({ kind }: { kind: string }) {
  return <span class={`tag is-${kind}`}>{kindName(kind)}</span>;
}

const JOB_LOOKS: Record<Job['state'], string> = {
  waiting: '',
  queued: '',
  running: 'is-active',
  done: 'is-good',
  failed: 'is-bad',
  cancelled: '',
};

/** How far a job is. */
export function JobTag({ state }: { state: Job['state'] }) {
  return <span class={`tag round ${JOB_LOOKS[state]}`}>{state}</span>;
}

const MODEL_LOOKS: Record<Model['state'], string> = { checking: 'is-active', ready: 'is-good', refused: 'is-bad' };

/** Whether a model can be worked with. */
export function ModelTag({ state }: { state: Model['state'] }) {
  return <span class={`tag round ${MODEL_LOOKS[state]}`}>{state}</span>;
}

const DEVICE_LOOKS: Record<Device['state'], string> = { idle: 'is-good', busy: 'is-active', away: '' };

/** Whether a device is there. */
export function DeviceTag({ state }: { state: Device['state'] }) {
  return <span class={`tag round ${DEVICE_LOOKS[state]}`}>{state}</span>;
}

/** A moment, the way the reader's system writes it. */
export function When({ time }: { time: string }) {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  const text = today
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' });
  return (
    <time dateTime={time} title={date.toLocaleString()}>
      {text}
    </time>
  );
}
