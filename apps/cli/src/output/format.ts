/** Counts in the units engineers use: 1.25 G, 5.72 M, 614. */
export function count(value: number): string {
  const steps: readonly (readonly [number, string])[] = [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ];
  const step = steps.find(([size]) => value >= size);
  if (!step) return String(Math.round(value));
  return `${(value / step[0]).toFixed(3)}${step[1]}`;
}

/** Bytes as MB (10^6) or kB. */
export function bytes(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} MB`;
  return value >= 1e3 ? `${(value / 1e3).toFixed(1)} kB` : `${value} B`;
}

/** A share as a percentage with one digit. */
export function percent(part: number, whole = 1): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** Milliseconds with four significant digits: `12.35 ms`. */
export function milliseconds(value: number): string {
  return `${value.toPrecision(4)} ms`;
}

/** Seconds as `4.2 s` or `3 min 05 s`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
