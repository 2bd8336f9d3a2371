import { SnpError } from '@snp/onnx';
import type { Env as AnyEnv, Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ZodError } from 'zod';
import type { Problem, ProblemCode } from '../api/problem.js';
import { isConflict, isRefusedValue } from '../database/sqlState.js';
import { Failure } from '../failure.js';
import type { Log } from '../log.js';
import { diskFull, isDiskFull } from '../operation/disk.js';
import type { Env } from './env.js';

const TITLES: Partial<Record<number, string>> = {
  400: 'The request is not understood',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not there',
  405: 'Not possible here',
  408: 'Too slow',
  409: 'It does not go together with what is there',
  413: 'Too large',
  415: 'Of the wrong type',
  422: 'It cannot be done so',
  429: 'Too many requests',
  500: 'A fault of the server',
  503: 'Not now',
  507: 'No room',
};

/** Statuses of what libraries refuse; everything that a request can be to blame for. */
const STATUS: Partial<Record<ProblemCode, number>> = { io: 503, runtime: 500, aborted: 503, limit: 507 };

/** Fields that are told of: the rest is of the same kind. */
const MOST_FIELDS = 20;

/** When to ask again where something is away for a moment. */
const RETRY_SECONDS = '5';

/** Answers with a problem as RFC 9457 has it. */
export function problem(
  context: Context<Env>,
  status: number,
  code: ProblemCode,
  detail: string,
  more: Partial<Problem> = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body: Problem = {
    type: 'about:blank',
    title: TITLES[status] ?? 'It did not work',
    status,
    detail,
    code,
    ...more,
    requestId: context.get('requestId'),
  };
  return context.body(JSON.stringify(body), status as ContentfulStatusCode, {
    ...(status === 503 && { 'retry-after': RETRY_SECONDS }),
    ...headers,
    'content-type': 'application/problem+json',
  });
}

/** What a request is answered that fails. Faults of the server go to the log, not to the client. */
export function problemOf(error: Error, context: Context<Env>, log: Log): Response {
  if (error instanceof Failure) {
    if (error.code === 'damaged') log.error({ err: error, requestId: context.get('requestId') }, 'a file is damaged');
    return problem(context, error.status, error.code, error.message, {}, error.headers);
  }
  if (isDiskFull(error)) {
    log.error({ err: error, requestId: context.get('requestId') }, 'the disk is full');
    return problemOf(diskFull(), context, log);
  }
  if (error instanceof SnpError) {
    const { code, message, place } = error;
    if (code === 'io') log.error({ err: error, requestId: context.get('requestId') }, 'a request failed');
    return problem(context, STATUS[code] ?? 422, code, message, Object.keys(place).length > 0 ? { place } : {});
  }
  if (error instanceof HTTPException) return problem(context, error.status, 'invalid-argument', error.message);
  if (isRefusedValue(error)) {
    log.info({ err: error, requestId: context.get('requestId') }, 'a request holds what the database does not take');
    return problem(context, 400, 'invalid-argument', `The request holds a value that cannot be: ${error.message}.`);
  }
  if (isConflict(error)) {
    log.info({ err: error, requestId: context.get('requestId') }, 'a request met a change that another one made');
    return problem(context, 409, 'conflict', 'Another request changed it at the same moment. Look again.');
  }
  log.error({ err: error, requestId: context.get('requestId') }, 'a request failed');
  return problem(context, 500, 'internal', 'The server failed. Its log says more under the id of this request.');
}

/** What is wrong with which part of a request. */
export function invalidRequest<E extends AnyEnv>(
  result: { success: boolean; error?: ZodError },
  context: Context<E>,
): Response | undefined {
  if (result.success) return undefined;
  const fields = result
    .error!.issues.slice(0, MOST_FIELDS)
    .map(({ path, message }) => ({ path: path.join('.'), message }));
  const [{ path, message }] = fields;
  const detail = `${path || 'The request'}: ${message}`;
  return problem(context as unknown as Context<Env>, 400, 'invalid-argument', detail, { fields });
}
