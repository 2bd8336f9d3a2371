/** The first path that cannot lie beside the others: it stands there twice, or another one needs it as a folder. */
export function clashOf(paths: readonly string[]): string | undefined {
  const sorted = inTreeOrder(paths);
  const at = sorted.findIndex((path, place) => {
    const next = sorted[place + 1];
    return next !== undefined && (next === path || next.startsWith(`${path}\0`));
  });
  return at < 0 ? undefined : sorted[at].replaceAll('\0', '/');
}

/** How many folders it takes to lay these files out. */
export function foldersOf(paths: readonly string[]): number {
  let count = 0;
  let before: string[] = [];
  for (const path of inTreeOrder(paths)) {
    const folders = path.split('\0').slice(0, -1);
    const shared = folders.findIndex((name, at) => name !== before[at]);
    count += shared < 0 ? 0 : folders.length - shared;
    before = folders;
  }
  return count;
}

/** Sorted with a slash before all other characters: whatever lies in a folder follows it at once. */
function inTreeOrder(paths: readonly string[]): string[] {
  return paths.map((path) => path.replaceAll('/', '\0')).sort();
}
