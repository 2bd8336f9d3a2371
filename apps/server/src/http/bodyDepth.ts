import type { MiddlewareHandler } from 'hono';
import { Failure } from '../failure.js';
import type { Env } from './env.js';

/** Lists and objects within one another; the deepest that the API knows is an eighth of it. */
const MOST_DEPTH = 64;

/** Refuses JSON that is nested so deep that whatever walks it would run out of stack. */
export function bodyDepth(): MiddlewareHandler<Env> {
  return async (context, next) => {
    if (/\bjson\b/i.test(context.req.header('content-type') ?? '') && isDeeper(await context.req.text(), MOST_DEPTH))
      throw new Failure('invalid-argument', `The request is nested more than ${MOST_DEPTH} levels deep.`, 400);
    return next();
  };
}

function isDeeper(json: string, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const sign = json[at];
    if (sign === '"') at = endOfString(json, at);
    else if (sign === '[' || sign === '{') depth++;
    else if (sign === ']' || sign === '}') depth--;
    if (depth > most) return true;
  }
  return false;
}

/** Where the quotes are that end a string; the end of the text where none do. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
