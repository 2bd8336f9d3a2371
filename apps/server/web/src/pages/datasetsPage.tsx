import { bytes, counted } from '@snp/pages';
import { useState } from 'preact/hooks';
import { answer, api, once } from '../api/client.js';
import { type Placed, pack } from '../api/pack.js';
import { useResource } from '../api/resource.js';
import type { Dataset } from '../api/types.js';
import { Confirm } from '../parts/action.js';
import { DropZone, FileButton } from '../parts/dropZone.js';
import { Text } from '../parts/fields.js';
import { Page } from '../parts/page.js';
import { Await, Empty } from '../parts/states.js';
import { When } from '../parts/tags.js';
import { startSending, Uploads } from '../parts/uploads.js';
import { mayRun } from '../session.js';

/** Typical inputs. */
export function DatasetsPage() {
  const datasets = useResource(() => answer(api.GET('/api/datasets', { params: { query: { limit: 200 } } })), []);
  const [chosen, setChosen] = useState<Placed[]>();
  const actions = mayRun.value && (
    <>
      <FileButton onFiles={setChosen} folder primary>
        Upload a folder
      </FileButton>
      <FileButton onFiles={setChosen} accept="image/*,.zip,.npy,.npz">
        Upload files
      </FileButton>
    </>
  );
  return (
    <Page
      title="Data sets"
      about="Typical inputs, without labels: a hundred pictures are enough to calibrate with."
      actions={actions}
    >
      <DropZone onFiles={setChosen}>
        {chosen && <NewDataset files={chosen} onEnd={() => setChosen(undefined)} onMade={datasets.reload} />}
        <Uploads />
        <Await of={datasets} what="Fetching data sets">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No data sets yet">
                <p class="quiet">
                  Drop a folder of pictures here, a .zip of one, or .npy and .npz arrays with one array per input of the
                  model.
                </p>
              </Empty>
            ) : (
              <DatasetTable datasets={items} onChange={datasets.reload} />
            )
          }
        </Await>
      </DropZone>
    </Page>
  );
}

function DatasetTable({ datasets, onChange }: { datasets: readonly Dataset[]; onChange: () => void }) {
  return (
    <div class="card">
      <table class="folding">
        <caption class="visually-hidden">Data sets, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Holds</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col">Since</th>
            {mayRun.value && (
              <th scope="col">
                <span class="visually-hidden">Remove</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {datasets.map(({ id, name, kind, files, bytes: size, created }) => (
            <tr key={id}>
              <th scope="row" class="wrap">
                {name}
              </th>
              <td data-label="Holds">{counted(files, kind === 'pictures' ? 'picture' : 'array')}</td>
              <td class="number" data-label="Size">
                {bytes(size)}
              </td>
              <td data-label="Since">
                <When time={created} />
              </td>
              {mayRun.value && (
                <td>
                  <Confirm
                    question={`Remove ${name}? Results that came of it stay.`}
                    onConfirm={async () => {
                      await answer(api.DELETE('/api/datasets/{id}', { params: { path: { id } } }));
                      onChange();
                    }}
                  >
                    Remove
                  </Confirm>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface NewDatasetProps {
  files: readonly Placed[];
  onEnd: () => void;
  onMade: () => void;
}

/** Asks for a name, then packs and sends. */
function NewDataset({ files, onEnd, onMade }: NewDatasetProps) {
  const [name, setName] = useState(suggestedName(files));
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <form
      class="card stack"
      onSubmit={(event) => {
        event.preventDefault();
        onEnd();
        sendDataset(name.trim(), files, size, onMade);
      }}
    >
      <h2>
        New data set of {counted(files.length, 'file')}, {bytes(size)}
      </h2>
      <Text label="Name" value={name} onChange={setName} required />
      <div class="row">
        <button type="submit" class="primary" disabled={name.trim() === ''}>
          Upload
        </button>
        <button type="button" onClick={onEnd}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function suggestedName([{ path }]: readonly Placed[]): string {
  const [top] = path.split('/');
  return path.includes('/') ? top : top.replace(/\.[^.]+$/, '');
}

/** One file goes as it is; several are packed into one archive. */
function sendDataset(name: string, files: readonly Placed[], size: number, done: () => void): void {
  startSending(name, size, async ({ send, step }) => {
    const [only] = files;
    let file = only.file;
    if (files.length > 1)
      file = await pack(name, files, (count) => step(`Packing file ${count} of ${files.length} of`));
    step('Sending');
    const upload = await send(file);
    step('Unpacking');
    await answer(
      api.POST('/api/datasets', { params: { header: once() }, body: { name, files: [{ path: file.name, upload }] } }),
    );
    done();
  });
}
