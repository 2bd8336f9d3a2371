import { SnpError } from '@snp/core';
import type { S3Options, Settings } from '@snp/server';
import { type Command, Option } from 'commander';
import { size, wholeNumber } from './numbers.js';

/** Options of commands that do a server's work. */
export interface SettingsOptions {
  data: string;
  artefacts?: string;
  jobs?: number;
  jobMemory?: number;
  jobTime?: number;
  logLevel: string;
}

/** Adds the options that servers and workers share. Addresses and secrets come from the environment. */
export function addSettingsOptions(command: Command): Command {
  return command
    .option('--artefacts <DIR>', 'folder for files, which workers on other machines must share (default: in --data)')
    .option('--jobs <N>', 'jobs at once; 0 for none', wholeNumber(0))
    .option('--job-memory <BYTES>', 'most memory of a job: 8G', size)
    .option('--job-time <SECONDS>', 'longest time of a job', wholeNumber(1))
    .addOption(
      new Option('--log-level <LEVEL>', 'what is logged')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    );
}

/** The settings that options and the environment give: DATABASE_URL, and SNP_S3_URL with its keys. */
export function settingsOf(options: SettingsOptions): Pick<Settings, 'data'> & Partial<Settings> {
  const { data, artefacts, jobs, jobMemory, jobTime, logLevel } = options;
  return {
    data,
    logLevel,
    databaseUrl: process.env.DATABASE_URL || undefined,
    s3: s3Of(process.env),
    artefacts,
    ...(jobs !== undefined && { slots: jobs }),
    ...(jobMemory !== undefined && { jobMemoryBytes: jobMemory }),
    ...(jobTime !== undefined && { jobSeconds: jobTime }),
  };
}

function s3Of(env: NodeJS.ProcessEnv): S3Options | undefined {
  const { SNP_S3_URL: url, SNP_S3_KEY_ID: accessKeyId, SNP_S3_SECRET: secretAccessKey, SNP_S3_REGION: region } = env;
  if (!url) return undefined;
  if (!accessKeyId || !secretAccessKey)
    throw new SnpError('invalid-argument', 'SNP_S3_URL takes SNP_S3_KEY_ID and SNP_S3_SECRET beside it.');
  return { url, accessKeyId, secretAccessKey, ...(region && { region }) };
}
