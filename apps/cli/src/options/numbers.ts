import { InvalidArgumentError } from 'commander';

/** Parses a whole number from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number from ${least} on.`);
    return value;
  };
}

/** Parses the number of a port. */
export function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return value;
}

/** Parses what a budget may be: a fraction up to 1, a percentage (50%), or an absolute number (0.64G, 3.0M). */
export function budget(text: string): number {
  const match = /^(\d*\.?\d+(?:e[+-]?\d+)?)\s*(%|[kKmMgG])?$/.exec(text.trim());
  if (!match)
    throw new InvalidArgumentError('Write a fraction (0.5), a percentage (50%) or an absolute number (0.64G, 3M).');
  const scale = { k: 1e3, m: 1e6, g: 1e9 }[match[2]?.toLowerCase() ?? ''] ?? 1;
  // 70 % is 0.7, not 70 times what a hundredth is in binary.
  const value = match[2] === '%' ? Number(match[1]) / 100 : Number(match[1]) * scale;
  if (!(value > 0)) throw new InvalidArgumentError('It must be above 0.');
  if (match[2] === '%' && value > 1) throw new InvalidArgumentError('It must be at most 100 %.');
  return value;
}

/** Parses a latency: a share of the original's (0.6, 60%), or milliseconds (12ms). */
export function latency(text: string): { share: number } | { ms: number } {
  const match = /^(\d*\.?\d+)\s*(%|ms)?$/.exec(text.trim());
  const value = match ? Number(match[1]) / (match[2] === '%' ? 100 : 1) : Number.NaN;
  if (match?.[2] === 'ms' && value > 0) return { ms: value };
  if (value > 0 && value <= 1) return { share: value };
  throw new InvalidArgumentError("Write a share of the original's latency (0.6 or 60%), or milliseconds (12ms).");
}

/** Parses a number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** Parses a share: 0.05 or 5%. */
export function fraction(text: string): number {
  const match = /^(\d*\.?\d+)\s*(%)?$/.exec(text.trim());
  const value = match ? Number(match[1]) / (match[2] ? 100 : 1) : Number.NaN;
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('Write a share: 0.05 or 5%.');
  return value;
}

/** Parses `10G`, `500M` or a number of bytes. */
export function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kMG])?B?$/.exec(text.trim());
  if (!match) throw new InvalidArgumentError('Write a number of bytes: 10G, 500M.');
  return Number(match[1]) * ({ k: 1e3, M: 1e6, G: 1e9 }[match[2] ?? ''] ?? 1);
}

/** Milliseconds of the units of time. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Parses a time: 500ms, 60s, 10m, 2h. Milliseconds. */
export function duration(text: string): number {
  const match = /^(\d*\.?\d+)\s*(ms|s|m|h)$/.exec(text.trim());
  const value = match ? Number(match[1]) * UNITS[match[2]] : 0;
  if (value > 0 && value < 2 ** 31) return value;
  throw new InvalidArgumentError('Write a time with its unit: 500ms, 60s, 10m, 2h.');
}
