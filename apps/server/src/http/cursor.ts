import { Failure } from '../failure.js';

interface Listed {
  id: string;
  created: Date;
}

/** Where a page begins: after a row, in order of time and id. */
export interface Cursor {
  created: string;
  id: string;
}

/** The cursor of the page after these rows, of which one more than a page was asked for. */
export function page<R extends Listed, T>(
  rows: readonly R[],
  limit: number,
  present: (row: R) => T,
): { items: T[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown[shown.length - 1];
  const next =
    rows.length > limit ? Buffer.from(`${last.created.toISOString()} ${last.id}`).toString('base64url') : null;
  return { items: shown.map(present), next };
}

/** Reads what `page` wrote; without one, later than everything. */
export function cursorOf(text: string | undefined): Cursor {
  if (text === undefined) return { created: '9999-01-01T00:00:00Z', id: '' };
  const [created, id] = Buffer.from(text, 'base64url').toString('utf8').split(' ');
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(created) || Number.isNaN(Date.parse(created)) || id === undefined)
    throw new Failure('invalid-argument', 'The cursor is none that this server gave.', 400);
  return { created, id };
}
