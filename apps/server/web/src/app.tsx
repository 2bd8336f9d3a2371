import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { answer, api } from './api/client.js';
import { AccessPage } from './pages/accessPage.js';
import { DatasetsPage } from './pages/datasetsPage.js';
import { DevicePage } from './pages/devicePage.js';
import { DevicesPage } from './pages/devicesPage.js';
import { JobPage } from './pages/jobPage.js';
import { JobsPage } from './pages/jobsPage.js';
import { ModelPage } from './pages/modelPage.js';
import { ModelsPage } from './pages/modelsPage.js';
import { SignInPage } from './pages/signInPage.js';
import { Page } from './parts/page.js';
import { Shell } from './parts/shell.js';
import { Loading } from './parts/states.js';
import { fragment, href, path } from './route.js';
import { session } from './session.js';

interface Place {
  list: ComponentType;
  one?: ComponentType<{ id: string }>;
}

const PLACES: Record<string, Place> = {
  models: { list: ModelsPage, one: ModelPage },
  datasets: { list: DatasetsPage },
  jobs: { list: JobsPage, one: JobPage },
  devices: { list: DevicesPage, one: DevicePage },
  access: { list: AccessPage },
};

/** All pages: which one is shown, and to whom. */
export function App() {
  useEffect(() => void begin(), []);
  if (session.value === undefined) return <Loading what="Signing in" />;
  if (session.value === null) return <SignInPage />;
  return (
    <Shell>
      <Current />
    </Shell>
  );
}

function Current() {
  const [name = 'models', id] = path.value;
  const place = PLACES[name];
  if (place && id === undefined) return <place.list />;
  if (place?.one) return <place.one key={id} id={id} />;
  return (
    <Page title="There is no such page">
      <p>
        Go to the <a href={href('models')}>models</a>.
      </p>
    </Page>
  );
}

/** Signs in with the link that the server printed, whose code works once, or goes on with the session that is there. */
async function begin(): Promise<void> {
  const [, kind, secret] = /^#(code|token)=(.+)$/.exec(fragment.value) ?? [];
  if (secret) {
    history.replaceState(null, '', '#/models');
    fragment.value = location.hash;
    const body = kind === 'code' ? { code: decodeURIComponent(secret) } : { token: decodeURIComponent(secret) };
    session.value = await answer(api.POST('/api/session', { body })).catch(() => undefined);
    if (session.value) return;
  }
  session.value = await answer(api.GET('/api/session')).catch(() => null);
}
