/** Whether the database refused a value (class 22 of PostgreSQL): a text with a NUL in it, a year with a 13th month. */
export function isRefusedValue(error: unknown): boolean {
  return /^22[0-9A-Z]{3}$/.test(stateOf(error));
}

/** Whether what is there stands against it (class 23): another row of the same key, or one that is gone meanwhile. */
export function isConflict(error: unknown): boolean {
  return /^23[0-9A-Z]{3}$/.test(stateOf(error));
}

function stateOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
