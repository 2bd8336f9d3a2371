import { SnpError } from '@snp/core';

/** Collects `--ratio ffn=0.5 --ratio residual=0.2`. */
export function shares(option: string) {
  return (text: string, earlier: Record<string, number> = {}): Record<string, number> => {
    const [name, value] = text.split('=');
    if (!name || value === undefined || value === '') {
      throw new SnpError(
        'invalid-argument',
        `${option} ${text} cannot be read. Write NAME=FRACTION, for example ${option} ffn=0.5.`,
      );
    }
    return { ...earlier, [name]: Number(value) };
  };
}
