import { SnpError } from '@snp/core';
import pc from 'picocolors';

/** Prints an error for a person on stderr and returns the exit code: 1 for what was expected to happen, 70 for a fault of ours. */
export function reportError(error: unknown): number {
  if (error instanceof SnpError) {
    process.stderr.write(
      `${pc.red('error')} ${error.message}\n${error.code === 'plugin' ? thrownAt(error.cause) : ''}`,
    );
    return 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `${pc.red('internal error')} ${text}\nThis is a fault of snp. Please report it with the command you ran.\n`,
  );
  return 70;
}

/** Where code of someone else threw, for its author. */
function thrownAt(cause: unknown): string {
  const frame = cause instanceof Error && !(cause instanceof SnpError) && framesOf(cause)[0];
  return frame ? `${frame}\n` : '';
}

/** The calls that led to an error, without those of Node itself. */
function framesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').filter((line) => /^\s+at /.test(line) && !/\bnode:/.test(line));
}
