import type { Criterion, Plugin } from '@snp/core';
import type { z } from 'zod';
import type { configSchema } from './schema.js';

/**
 * What `snp.config.ts` exports: options of `snp prune` and `snp sweep`. Flags of the command win over it. Paths count from the working directory, as those of
 * flags do.
 */
export interface SnpConfig extends Omit<z.input<typeof configSchema>, 'criterion' | 'plugins' | '$schema'> {
  /** Which neurons leave: the name of a built-in criterion or of one that `plugins` brings, or a criterion itself. */
  criterion?: string | Criterion | undefined;
  /** Criteria and plug-ins: files, packages, or the things themselves. */
  plugins?: readonly (string | Criterion | Plugin)[] | undefined;
}

/**
 * Gives a configuration its type; the command checks it.
 *
 * @example
 * import { defineConfig } from '@snp/cli/config';
 *
 * export default defineConfig({ budget: { macs: '60%' }, calibration: { data: 'pictures/', limit: 256 }, report: 'report/' });
 */
export function defineConfig(config: SnpConfig): SnpConfig {
  return config;
}
