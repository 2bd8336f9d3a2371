import { InvalidArgumentError } from 'commander';
import { duration } from './numbers.js';

/** Parses how long a model is trained: `20m` as a time and `5` as epochs. */
export function tuneLength(text: string): { epochs: number } | { time: number } {
  if (/[a-z]/.test(text)) return { time: duration(text) };
  const epochs = Number(text);
  if (Number.isInteger(epochs) && epochs > 0) return { epochs };
  throw new InvalidArgumentError('Write a time with its unit (20m), or a whole number of epochs (5).');
}
