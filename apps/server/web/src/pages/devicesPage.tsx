import { bytes, counted } from '@snp/pages';
import { answer, api } from '../api/client.js';
import { useChanges } from '../api/events.js';
import { useResource } from '../api/resource.js';
import type { Device } from '../api/types.js';
import { Page } from '../parts/page.js';
import { Await, Empty } from '../parts/states.js';
import { DeviceTag, When } from '../parts/tags.js';
import { href } from '../route.js';
import { mayManage } from '../session.js';

/** The shelf of devices. */
export function DevicesPage() {
  const devices = useResource(() => answer(api.GET('/api/devices')), []);
  useChanges(({ device }) => {
    if (device && devices.data) devices.set({ items: withDevice(devices.data.items, device) });
  }, devices.reload);
  return (
    <Page title="Devices" about="Machines where models are measured; an agent on each takes its jobs.">
      <div class="stack">
        <Await of={devices} what="Fetching devices">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No devices yet">
                <HowTo />
              </Empty>
            ) : (
              <>
                <div class="cards">
                  {items.map((device) => (
                    <DeviceCard key={device.id} device={device} />
                  ))}
                </div>
                <details>
                  <summary>Add a device</summary>
                  <HowTo />
                </details>
              </>
            )
          }
        </Await>
      </div>
    </Page>
  );
}

function withDevice(devices: readonly Device[], device: Device): Device[] {
  return devices.some(({ id }) => id === device.id)
    ? devices.map((own) => (own.id === device.id ? device : own))
    : [...devices, device];
}

function HowTo() {
  return (
    <div class="stack">
      <p>
        {mayManage.value ? (
          <>
            <a href={href('access')}>Make a token</a> of the role <code>device</code>
          </>
        ) : (
          <>
            Ask an administrator for a token of the role <code>device</code>
          </>
        )}
        , then start the agent on the device:
      </p>
      <p>
        <code class="wrap">SNP_AGENT_TOKEN=… snp agent --server {location.origin}</code>
      </p>
    </div>
  );
}

function DeviceCard({ device }: { device: Device }) {
  const { id, name, state, seen, fingerprint, targets, queued, done, running } = device;
  return (
    <article class="card stack" aria-label={name}>
      <div class="row between">
        <h2 class="wrap">
          <a href={href('devices', id)}>{name}</a>
        </h2>
        <DeviceTag state={state} />
      </div>
      <dl class="facts">
        <dt>Processor</dt>
        <dd>
          {fingerprint.cpu}, {counted(fingerprint.cores, 'core')}
        </dd>
        <dt>Memory</dt>
        <dd>{bytes(fingerprint.memoryBytes)}</dd>
        <dt>Runtimes</dt>
        <dd>
          {targets
            .filter(({ available }) => available)
            .map((target) => target.name)
            .join(', ') || 'none'}
        </dd>
        <dt>Jobs</dt>
        <dd>
          {running ? <a href={href('jobs', running)}>one running</a> : 'none running'}, {queued} waiting, {done} done
        </dd>
        <dt>Last heard</dt>
        <dd>
          <When time={seen} />
        </dd>
      </dl>
    </article>
  );
}
