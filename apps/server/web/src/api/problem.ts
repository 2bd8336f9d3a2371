import type { components } from '../../../openapi.js';

type ProblemBody = components['schemas']['Problem'];

/** How browsers say that a request did not get through: they have no error of its own for it. */
const UNREACHABLE = /fetch|network|load failed/i;

/** What the server answered instead, or that it did not answer. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly title: string,
    readonly detail: string,
    readonly body: Partial<ProblemBody> = {},
  ) {
    super(detail);
  }

  /** Whatever was thrown, as something to show. */
  static from(error: unknown): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof TypeError && UNREACHABLE.test(error.message))
      return new Problem(
        'The server does not answer',
        'The connection failed. Check that the server runs and that this machine reaches it, then try again.',
      );
    return new Problem('A fault of these pages', error instanceof Error ? error.message : String(error));
  }

  /** The answer to a request that failed, in whatever form it came. */
  static of(status: number, body: unknown): Problem {
    if (typeof body === 'object' && body !== null && 'detail' in body) {
      const problem = body as ProblemBody;
      return new Problem(problem.title, problem.detail, problem);
    }
    return new Problem('The server cannot answer', `It answered with status ${status} and no explanation. Try again.`, {
      status,
    });
  }
}
