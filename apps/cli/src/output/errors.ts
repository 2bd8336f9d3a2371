import { SnpError } from '@snp/core';
import { CommanderError } from 'commander';
import pc from 'picocolors';
import { EXIT } from './exitCodes.js';
import { printJson } from './json.js';

/** An error as programs are told it: a code to switch on, what is wrong, and where. */
interface Failure {
  code: string;
  message: string;
  place: object;
}

/** Prints an error for a person on stderr and, where JSON was asked for, as the one document on stdout; returns the exit code. */
export function reportError(error: unknown, json = process.argv.includes('--json')): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const failure = failureOf(error);
  if (json) printJson({ error: failure });
  // Of a wrong command line, it was printed with the usage.
  if (!(error instanceof CommanderError)) process.stderr.write(forPeople(failure, error));
  return failure.code === 'internal' ? EXIT.internal : EXIT.error;
}

function failureOf(error: unknown): Failure {
  if (error instanceof SnpError) return { code: error.code, message: error.message, place: { ...error.place } };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CommanderError)
    return { code: 'invalid-argument', message: message.replace(/^error: /, ''), place: {} };
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (syscall !== undefined)
    return { code: 'io', message: `${message}.`, place: path === undefined ? {} : { file: path } };
  if (error instanceof RangeError && /allocation|Invalid (typed )?array length/i.test(message))
    return {
      code: 'limit',
      message: `The memory of this machine does not suffice (${message}). Close other programs, or take smaller batches (--batch 1).`,
      place: {},
    };
  return { code: 'internal', message, place: {} };
}

function forPeople({ code, message }: Failure, error: unknown): string {
  if (code !== 'internal') return `${pc.red('error')} ${message}\n${code === 'plugin' ? thrownAt(error) : ''}`;
  const text = error instanceof Error ? (error.stack ?? message) : message;
  return `${pc.red('internal error')} ${text}\nThis was not expected, so that there is no better message. Nothing was written. With prune and sweep, other parts of the model may get past it: --ratio KIND=R, with the kinds that 'snp inspect' lists.\n`;
}

/** Where code of someone else threw, for its author. */
function thrownAt(error: unknown): string {
  const { cause } = error as Error;
  const frame = cause instanceof Error && !(cause instanceof SnpError) && framesOf(cause)[0];
  return frame ? `${frame}\n` : '';
}

/** The calls that led to an error, without those of Node itself. */
function framesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').filter((line) => /^\s+at /.test(line) && !/\bnode:/.test(line));
}
