import { bytes, counted } from '@snp/pages';
import { answer, api } from '../api/client.js';
import { useChanges } from '../api/events.js';
import { useResource } from '../api/resource.js';
import { type Device, ended, type Job } from '../api/types.js';
import { Confirm } from '../parts/action.js';
import { JobTable, withJob } from '../parts/jobTable.js';
import { Page } from '../parts/page.js';
import { Await, Empty } from '../parts/states.js';
import { DeviceTag, When } from '../parts/tags.js';
import { go, href } from '../route.js';
import { mayManage } from '../session.js';

/** One device: what it is, what it can run, what it does and did. */
export function DevicePage({ id }: { id: string }) {
  const device = useResource(() => answer(api.GET('/api/devices/{id}', { params: { path: { id } } })), [id]);
  useChanges((change) => change.device?.id === id && device.set(change.device), device.reload);
  return <Await of={device}>{(own) => <Opened device={own} />}</Await>;
}

function Opened({ device }: { device: Device }) {
  const { id, name, state, seen } = device;
  const jobs = useResource(() => answer(api.GET('/api/jobs', { params: { query: { device: id, limit: 100 } } })), [id]);
  useChanges(({ job }) => {
    if (job?.type === 'benchmark' && job.input.device === id && jobs.data)
      jobs.set({ ...jobs.data, items: withJob(jobs.data.items, job) });
  }, jobs.reload);
  return (
    <Page
      title={name}
      trail={<a href={href('devices')}>Devices</a>}
      about={
        <>
          <DeviceTag state={state} /> last heard of <When time={seen} />
        </>
      }
      actions={
        mayManage.value && (
          <Confirm
            question={`Forget ${name}? Jobs that wait for it are cancelled.`}
            onConfirm={async () => {
              await answer(api.DELETE('/api/devices/{id}', { params: { path: { id } } }));
              go(href('devices'));
            }}
          >
            Forget
          </Confirm>
        )
      }
    >
      <div class="stack wide">
        <div class="cards loose">
          <Fingerprint device={device} />
          <Targets device={device} />
        </div>
        <Await of={jobs} what="Fetching its jobs">
          {({ items }) => <Work jobs={items} />}
        </Await>
      </div>
    </Page>
  );
}

function Fingerprint({ device: { fingerprint } }: { device: Device }) {
  const { cpu, cores, architecture, os, memoryBytes, board, governor, accelerators, node } = fingerprint;
  const facts: (readonly [string, string | undefined])[] = [
    ['Board', board],
    ['Processor', `${cpu}, ${counted(cores, 'core')}, ${architecture}`],
    ['Governor', governor],
    ['Accelerators', accelerators.join(', ') || undefined],
    ['Memory', bytes(memoryBytes)],
    ['System', os],
    ['Node', node],
  ];
  return (
    <section class="card stack" aria-labelledby="fingerprint">
      <h2 id="fingerprint">Fingerprint</h2>
      <dl class="facts">
        {facts.flatMap(([name, value]) =>
          value ? [<dt key={name}>{name}</dt>, <dd key={`${name}-value`}>{value}</dd>] : [],
        )}
      </dl>
    </section>
  );
}

function Targets({ device: { targets } }: { device: Device }) {
  return (
    <section class="card stack" aria-labelledby="targets">
      <h2 id="targets">Runtimes</h2>
      <ul class="stack plain-list">
        {[...targets]
          .sort((a, b) => Number(b.available) - Number(a.available))
          .map((target) => (
            <li key={target.name}>
              <b class="mono">{target.name}</b>{' '}
              <span class={`tag round ${target.available ? 'is-good' : ''}`}>
                {target.available ? 'there' : 'not there'}
              </span>
              <br />
              <span class="small quiet wrap">{detailOf(target)}</span>
            </li>
          ))}
      </ul>
    </section>
  );
}

function detailOf(target: Device['targets'][number]): string {
  const { description } = target as { description?: string };
  const { reason } = target as { reason?: string };
  return [description, reason].filter(Boolean).join('. ');
}

function Work({ jobs }: { jobs: readonly Job[] }) {
  const open = jobs.filter((job) => !ended(job));
  const past = jobs.filter(ended);
  return (
    <>
      <section class="stack" aria-labelledby="queue">
        <h2 id="queue">Queue</h2>
        {open.length > 0 ? (
          <JobTable jobs={open} caption="Jobs that run or wait" />
        ) : (
          <Empty title="Nothing waits for this device" />
        )}
      </section>
      {past.length > 0 && (
        <section class="stack" aria-labelledby="history">
          <h2 id="history">History</h2>
          <JobTable jobs={past} caption="Jobs that have ended" />
        </section>
      )}
    </>
  );
}
