import pc from 'picocolors';

/** Prints warnings on stderr. */
export function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`${pc.yellow('warning')} ${warning}\n`);
}

/** Says which samples were left out: the first few by name, all by number. */
export function printSkipped(skipped: readonly { name: string; reason: string }[]): void {
  if (skipped.length === 0) return;
  const named = skipped.slice(0, 5).map(({ name, reason }) => `  ${name}: ${reason}`);
  const more = skipped.length > 5 ? [`  and ${skipped.length - 5} more`] : [];
  const number = skipped.length === 1 ? '1 sample was' : `${skipped.length} samples were`;
  printWarnings([[`${number} skipped, unreadable:`, ...named, ...more].join('\n')]);
}
