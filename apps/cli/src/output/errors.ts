import { SnpError } from '@snp/core';
import pc from 'picocolors';

/** Prints an error for a person on stderr and returns the exit code: 1 for what was expected to happen, 70 for a fault of ours. */
export function reportError(error: unknown): number {
  if (error instanceof SnpError) {
    process.stderr.write(`${pc.red('error')} ${error.message}\n`);
    return 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `${pc.red('internal error')} ${text}\nThis is a fault of snp. Please report it with the command you ran.\n`,
  );
  return 70;
}
