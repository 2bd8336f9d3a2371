import { useState } from 'preact/hooks';
import { answer, api, once } from '../../api/client.js';
import { useResource } from '../../api/resource.js';
import type { Model } from '../../api/types.js';
import { useAction } from '../../parts/action.js';
import { Check, Select, Text } from '../../parts/fields.js';
import { Await } from '../../parts/states.js';
import { go, href, query } from '../../route.js';
import { mayRun } from '../../session.js';

/** Most models of one measurement. */
const MOST = 16;

/** Measures versions of a model against it, on a device. */
export function MeasureForm({ model, versions }: { model: Model; versions: readonly Model[] }) {
  const devices = useResource(() => answer(api.GET('/api/devices')), []);
  const about = useResource(() => answer(api.GET('/api/about')), []);
  const linked = query.value.get('with');
  const [chosen, setChosen] = useState<readonly string[]>(linked ? [linked] : versions.slice(0, 3).map(({ id }) => id));
  const [own, setOwn] = useState({ device: '', target: 'cpu', protocol: 'default', batch: 1 });
  const measure = useAction(async () => {
    const body = { ...own, models: [model.id, ...chosen].slice(0, MOST) };
    const job = await answer(api.POST('/api/benchmarks', { params: { header: once() }, body }));
    go(href('jobs', job.id));
  });
  return (
    <section class="stack" aria-labelledby="measure">
      <h2 id="measure">Compare on a device</h2>
      <Await of={devices}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="note">
              No device is known. On the machine where the model will run, start <code>snp agent</code> with this
              server's address and a device token: <a href={href('devices')}>how</a>.
            </p>
          ) : (
            <form
              class="card stack"
              onSubmit={(event) => {
                event.preventDefault();
                void measure.run();
              }}
            >
              <fieldset class="field">
                <legend>Against {model.name}</legend>
                <div class="stack">
                  {versions.map(({ id, name }) => (
                    <Check
                      key={id}
                      label={name}
                      value={chosen.includes(id)}
                      onChange={(yes) => setChosen(yes ? [...chosen, id] : chosen.filter((other) => other !== id))}
                    />
                  ))}
                </div>
              </fieldset>
              <div class="filters">
                <Select
                  label="Device"
                  value={own.device}
                  onChange={(device) => setOwn({ ...own, device })}
                  options={[
                    { value: '', label: 'Choose one' },
                    ...items.map(({ id, name, state }) => ({ value: id, label: `${name} (${state})` })),
                  ]}
                />
                <Select
                  label="Runtime"
                  value={own.target}
                  onChange={(target) => setOwn({ ...own, target })}
                  options={(items.find(({ id }) => id === own.device)?.targets ?? []).map((one) => ({
                    value: one.name,
                    label: one.available ? one.name : `${one.name} (not there)`,
                    disabled: !one.available,
                  }))}
                />
                <Select
                  label="Protocol"
                  value={own.protocol}
                  onChange={(protocol) => setOwn({ ...own, protocol })}
                  options={(about.data?.protocols ?? ['default']).map((name) => ({ value: name, label: name }))}
                />
                <Text
                  label="Batch"
                  type="number"
                  min={1}
                  value={String(own.batch)}
                  onChange={(text) => Number(text) >= 1 && setOwn({ ...own, batch: Math.floor(Number(text)) })}
                />
              </div>
              {measure.note}
              <div>
                <button type="submit" class="primary" disabled={!mayRun.value || !own.device || measure.busy}>
                  Measure
                </button>
              </div>
            </form>
          )
        }
      </Await>
    </section>
  );
}
