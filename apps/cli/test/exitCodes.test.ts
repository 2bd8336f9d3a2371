import { readFile } from 'node:fs/promises';
import { SnpError } from '@snp/core';
import { expect, it } from 'vitest';
import { reportError } from '../src/output/errors.js';
import { EXIT } from '../src/output/exitCodes.js';

it('all exit codes stand in the README, and no others', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, section] = readme.split('## Exit codes');
  const listed = [...section.split('\n## ')[0].matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(EXIT));
});

it('tells what was foreseen from what was not', () => {
  const codes = (error: unknown) => reportError(error, false);
  expect(codes(new SnpError('io', 'The disk is full.'))).toBe(EXIT.error);
  expect(codes(Object.assign(new Error('ENOSPC: no space left'), { syscall: 'write', code: 'ENOSPC' }))).toBe(
    EXIT.error,
  );
  expect(codes(new RangeError('Array buffer allocation failed'))).toBe(EXIT.error);
  expect(codes(new TypeError('x is undefined'))).toBe(EXIT.internal);
});
