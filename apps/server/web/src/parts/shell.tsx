import type { ComponentChildren } from 'preact';
import { answer, api } from '../api/client.js';
import { href, path } from '../route.js';
import { mayManage, session } from '../session.js';
import { type Theme, theme } from '../theme.js';

const PLACES: readonly (readonly [name: string, title: string])[] = [
  ['models', 'Models'],
  ['datasets', 'Data sets'],
  ['jobs', 'Jobs'],
  ['devices', 'Devices'],
];

const NEXT: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };

/** What is around every page. */
export function Shell({ children }: { children: ComponentChildren }) {
  const [current = 'models'] = path.value;
  const places = mayManage.value ? [...PLACES, ['access', 'Access'] as const] : PLACES;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        To the content
      </button>
      <header class="top">
        <div>
          <a class="brand" href={href('models')}>
            <img src="./favicon.svg" alt="" />
            snp
          </a>
          <nav class="nav" aria-label="Places">
            {places.map(([name, title]) => (
              <a key={name} href={href(name)} aria-current={current === name ? 'page' : undefined}>
                {title}
              </a>
            ))}
          </nav>
          <div class="who">
            <span class="quiet">
              {session.value?.token.name} ({session.value?.role})
            </span>
            <button
              type="button"
              class="plain"
              onClick={() => {
                theme.value = NEXT[theme.value];
              }}
            >
              Colours: {theme.value}
            </button>
            <button type="button" class="plain" onClick={signOut}>
              Sign out
            </button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

async function signOut(): Promise<void> {
  await answer(api.DELETE('/api/session')).catch(() => undefined);
  session.value = null;
}
