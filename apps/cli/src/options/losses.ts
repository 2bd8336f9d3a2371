import type { LossKind } from '@snp/tune';
import { InvalidArgumentError } from 'commander';

/** Collects `--loss logits=divergence --loss hidden=error`. */
export function losses(text: string, earlier: Record<string, LossKind> = {}): Record<string, LossKind> {
  const at = text.lastIndexOf('=');
  const [name, kind] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || (kind !== 'divergence' && kind !== 'error'))
    throw new InvalidArgumentError('Write OUTPUT=divergence for scores, or OUTPUT=error for other numbers.');
  return { ...earlier, [name]: kind };
}
