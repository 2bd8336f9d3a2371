import Table from 'cli-table3';
import pc from 'picocolors';

/** A cell: text, or a number already formatted. */
export type Cell = string | number;

/** A table with quiet lines; numbers' columns (all but the first, unless given) are aligned to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  left: readonly number[] = [0],
): string {
  const result = new Table({
    head: head.map((title) => pc.bold(title)),
    colAligns: head.map((_, at) => (left.includes(at) ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      right: '',
      'right-mid': '',
      mid: '',
      'mid-mid': '',
      middle: ' ',
    },
  });
  result.push(...rows.map((row) => [...row]));
  return result.toString();
}
