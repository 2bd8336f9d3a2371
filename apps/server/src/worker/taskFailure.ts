const MEGABYTE = 2 ** 20;

/** What went wrong in a task, with the code that its process told. */
export class TaskFailure extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A task whose process was killed, by none of the limits: the system does so where memory runs out. */
export class TaskKilled extends TaskFailure {
  /**
   * @param signal What ended it.
   * @param peakBytes Most memory that its processes were seen to hold; none where nothing was seen.
   */
  constructor(signal: NodeJS.Signals, peakBytes: number | undefined, limitBytes: number, said: string) {
    const held =
      peakBytes === undefined
        ? ''
        : ` It was seen to hold ${megabytes(peakBytes)} of the ${megabytes(limitBytes)} that jobs have.`;
    const why = MEMORY.includes(signal)
      ? `Its process was ended by ${signal}, most likely because the machine has not enough memory.${held} Do fewer jobs at once (--jobs), or let the machine have more memory.`
      : `Its process ended with ${signal}.${held}`;
    super('runtime', `${why} ${said}`.trim());
  }
}

/** The system's own signal where memory runs out, and that of a runtime that gets none. */
const MEMORY: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGABRT'];

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / MEGABYTE)} MB`;
}
