import type { ProblemCode } from './api/problem.js';

/** Statuses of the server's own problems. */
const STATUS = {
  'invalid-argument': 422,
  unauthorized: 401,
  forbidden: 403,
  'cross-origin': 403,
  'not-found': 404,
  conflict: 409,
  'too-many-requests': 429,
  'too-slow': 408,
  quota: 507,
  unavailable: 503,
  damaged: 500,
} as const satisfies Partial<Record<ProblemCode, number>>;

/** A request that cannot be met, with what its sender is to know. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly code: keyof typeof STATUS,
    message: string,
    readonly status: number = STATUS[code],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  static notFound(what: string, id: string): never {
    throw new Failure('not-found', `There is no ${what} '${id.slice(0, 100)}'.`);
  }
}
