import { SnpError } from '@snp/onnx';
import type { ServerOptions } from './serverOptions.js';

/** Numbers of which there has to be something. */
const POSITIVE = [
  'uploadBytes',
  'uploadSilenceSeconds',
  'storedBytes',
  'activeJobs',
  'jobSeconds',
  'jobMemoryBytes',
  'retentionDays',
] as const satisfies readonly (keyof ServerOptions)[];
const FROM_ZERO = ['slots', 'drainSeconds', 'stopSeconds'] as const satisfies readonly (keyof ServerOptions)[];

/**
 * Refuses options that cannot be meant, before anything is opened or made.
 *
 * @throws SnpError `invalid-argument`
 */
export function checkOptions(options: ServerOptions): void {
  const { port, publicUrl, databaseUrl, s3 } = options;
  if (options.data === '') refuse('The data folder has no name.');
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    refuse(`The port must be a whole number from 0 to 65535, not ${port}.`);
  if (publicUrl !== undefined) {
    const url = addressOf(publicUrl, ['http:', 'https:']);
    if (!url || url.search || url.hash || url.username || url.password)
      refuse(`The public URL must be an address such as https://snp.example.org, not '${publicUrl}'.`);
  }
  // What is wrong with them is not repeated: there may be a password in them.
  if (databaseUrl !== undefined && !addressOf(databaseUrl, ['postgres:', 'postgresql:']))
    refuse('DATABASE_URL must be an address such as postgres://snp@db/snp.');
  if (s3 && !addressOf(s3.url, ['http:', 'https:']))
    refuse('SNP_S3_URL must be an address such as https://s3.example.org/bucket.');
  for (const name of POSITIVE) if (!isNumber(options[name], 1)) refuse(`'${name}' must be a number from 1 on.`);
  for (const name of FROM_ZERO) if (!isNumber(options[name], 0)) refuse(`'${name}' must be a number from 0 on.`);
}

function addressOf(text: string, protocols: readonly string[]): URL | undefined {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol) ? new URL(text) : undefined;
}

function isNumber(value: number | undefined, least: number): boolean {
  return value === undefined || (Number.isFinite(value) && value >= least);
}

function refuse(message: string): never {
  throw new SnpError('invalid-argument', message);
}
