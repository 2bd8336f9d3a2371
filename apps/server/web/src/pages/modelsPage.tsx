import { bytes, count } from '@snp/pages';
import { useState } from 'preact/hooks';
import { answer, api, once } from '../api/client.js';
import { useChanges } from '../api/events.js';
import type { Placed } from '../api/pack.js';
import { Problem } from '../api/problem.js';
import { useResource } from '../api/resource.js';
import type { Model } from '../api/types.js';
import { useAction } from '../parts/action.js';
import { DropZone, FileButton } from '../parts/dropZone.js';
import { Page } from '../parts/page.js';
import { Await, Empty, ProblemNote } from '../parts/states.js';
import { ModelTag, When } from '../parts/tags.js';
import { startSending, Uploads } from '../parts/uploads.js';
import { href } from '../route.js';
import { mayRun } from '../session.js';

/** The shelf of models. */
export function ModelsPage() {
  const models = useResource(() => answer(api.GET('/api/models', { params: { query: {} } })), []);
  const [problem, setProblem] = useState<Problem>();
  useChanges(({ job }) => job?.ended && models.reload(), models.reload);
  const upload = (files: Placed[]) => {
    setProblem(undefined);
    try {
      sendModel(files, models.reload);
    } catch (error) {
      setProblem(Problem.from(error));
    }
  };
  const more = useAction(async () => {
    const shown = models.data!;
    const page = await answer(api.GET('/api/models', { params: { query: { cursor: shown.next! } } }));
    models.set({ items: [...shown.items, ...page.items], next: page.next });
  });
  const button = mayRun.value && (
    <FileButton onFiles={upload} primary>
      Upload a model
    </FileButton>
  );
  return (
    <Page title="Models" actions={button}>
      <DropZone onFiles={upload}>
        {problem && <ProblemNote problem={problem} />}
        <Uploads />
        <Await of={models} what="Fetching models">
          {({ items, next }) =>
            items.length === 0 ? (
              <Empty title="No models yet">
                <p class="quiet">
                  Drop an ONNX file here, with its data files if it has any, or use the button above. What can be pruned
                  is found out at once; nothing is changed.
                </p>
              </Empty>
            ) : (
              <>
                <ModelTable models={items} />
                {more.note}
                {next && (
                  <div>
                    <button type="button" disabled={more.busy} onClick={() => more.run()}>
                      Older models
                    </button>
                  </div>
                )}
              </>
            )
          }
        </Await>
      </DropZone>
    </Page>
  );
}

function ModelTable({ models }: { models: readonly Model[] }) {
  const names = new Map(models.map(({ id, name }) => [id, name]));
  return (
    <div class="card">
      <table class="folding">
        <caption class="visually-hidden">Models, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              MACs
            </th>
            <th scope="col" class="number">
              Parameters
            </th>
            <th scope="col" class="number">
              Files
            </th>
            <th scope="col">Made from</th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {models.map(({ id, name, state, cost, bytes: size, origin, created }) => (
            <tr key={id}>
              <th scope="row" class="wrap">
                <a href={href('models', id)}>{name}</a>
              </th>
              <td>
                <ModelTag state={state} />
              </td>
              <td class="number" data-label="MACs">
                {cost ? count(cost.macs) : '–'}
              </td>
              <td class="number" data-label="Parameters">
                {cost ? count(cost.params) : '–'}
              </td>
              <td class="number" data-label="Files">
                {bytes(size)}
              </td>
              <td class="wrap" data-label="Made from">
                {origin ? (
                  <a href={href('models', origin.model)}>{names.get(origin.model) ?? 'another model'}</a>
                ) : (
                  'upload'
                )}
              </td>
              <td data-label="Since">
                <When time={created} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Sends a model with the files that hold its weights, if there are any beside it. */
function sendModel(files: readonly Placed[], done: () => void): void {
  const models = files.filter(({ path }) => /\.onnx$/i.test(path));
  if (models.length !== 1)
    throw new Problem(
      'Which file is the model?',
      models.length === 0
        ? `None of these is an ONNX file: ${files.map(({ path }) => path).join(', ')}. Choose one whose name ends with .onnx.`
        : 'Choose one .onnx file at a time, with its data files.',
    );
  const [model] = models;
  const folder = model.path.slice(0, model.path.length - model.file.name.length);
  const data = files.filter((file) => file !== model);
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  startSending(model.file.name, size, async ({ send, step }) => {
    const uploaded: { location: string; upload: string }[] = [];
    for (const { path, file } of data)
      uploaded.push({ location: path.startsWith(folder) ? path.slice(folder.length) : path, upload: await send(file) });
    const upload = await send(model.file);
    step('Adding');
    await answer(
      api.POST('/api/models', { params: { header: once() }, body: { name: model.file.name, upload, data: uploaded } }),
    );
    done();
  });
}
