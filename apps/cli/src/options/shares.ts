import { SnpError } from '@snp/core';
import { fraction } from './numbers.js';

/** Collects `--ratio ffn=0.5 --ratio residual=20%`. */
export function shares(option: string) {
  return (text: string, earlier: Record<string, number> = {}): Record<string, number> => {
    const fail = (why: string): never => {
      throw new SnpError('invalid-argument', `${option} ${text} cannot be read: ${why}`);
    };
    const parts = text.split(',');
    if (parts.length > 1)
      fail(`it takes one NAME=FRACTION at a time. Write ${parts.map((part) => `${option} ${part.trim()}`).join(' ')}.`);
    const [name, value, more] = text.split('=');
    if (!name || !value || more !== undefined) fail(`write NAME=FRACTION, for example ${option} ffn=0.5.`);
    if (Object.hasOwn(earlier, name)) fail(`'${name}' was given before.`);
    return { ...earlier, [name]: shareIn(value, fail) };
  };
}

function shareIn(value: string, fail: (why: string) => never): number {
  try {
    return fraction(value);
  } catch {
    return fail(`'${value}' is no share from 0 to 1. Write 0.5 or 50%.`);
  }
}
