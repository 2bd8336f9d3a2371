import { effect, signal } from '@preact/signals';

const NAME = 'snp-theme';

export type Theme = 'auto' | 'light' | 'dark';

/** The reader's choice of colours; `auto` follows the system. */
export const theme = signal<Theme>((localStorage.getItem(NAME) as Theme | null) ?? 'auto');

/** Whether colours are dark now. */
export const dark = signal(false);

/** Keeps the page in the chosen colours. */
export function applyTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const systemDark = signal(system.matches);
  system.addEventListener('change', () => {
    systemDark.value = system.matches;
  });
  effect(() => {
    localStorage.setItem(NAME, theme.value);
    if (theme.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
    dark.value = theme.value === 'auto' ? systemDark.value : theme.value === 'dark';
  });
}
