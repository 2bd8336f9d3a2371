import { computed, signal } from '@preact/signals';

/** Where the reader is: the fragment of the address, so that any server of files can serve these pages. */
export const fragment = signal(location.hash);

addEventListener('hashchange', () => {
  fragment.value = location.hash;
});

/** Parts of the path: `#/models/12/groups?kind=ffn` gives `models`, `12`, `groups`. */
export const path = computed(() =>
  fragment.value.replace(/^#\/?/, '').split('?')[0].split('/').filter(Boolean).map(decodeURIComponent),
);

/** What stands behind the question mark. */
export const query = computed(() => new URLSearchParams(fragment.value.split('?')[1] ?? ''));

/** An address within these pages. */
export function href(...parts: readonly string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

/** Goes there. */
export function go(address: string): void {
  location.hash = address;
}
