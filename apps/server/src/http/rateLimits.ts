import type { Context } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Failure } from '../failure.js';
import type { Env } from './env.js';

/** Requests that a token may make: so many at once, refilled over ten seconds. */
const PER_TOKEN = { points: 2000, duration: 10 };

/** Wrong tokens that an address may try. */
const GUESSES = { points: 20, duration: 60 };

/** Who asks too often has to wait. */
export class RateLimits {
  readonly #requests = new RateLimiterMemory(PER_TOKEN);
  readonly #guesses = new RateLimiterMemory(GUESSES);

  async require(token: string): Promise<void> {
    await this.#requests.consume(token).catch(({ msBeforeNext }) => tooMany(msBeforeNext));
  }

  /** Nobody tries tokens until one fits. Right ones are never counted: behind a proxy, all have the same address. */
  async countGuess(context: Context<Env>): Promise<void> {
    await this.#guesses.consume(addressOf(context)).catch(({ msBeforeNext }) => tooMany(msBeforeNext));
  }
}

function tooMany(milliseconds: number): never {
  throw new Failure('too-many-requests', 'Too many requests. Wait a little.', 429, {
    'retry-after': String(Math.ceil(milliseconds / 1000)),
  });
}

/** Where a request comes from: the connection itself, never a header that anyone can write. */
export function addressOf(context: Context<Env>): string {
  return context.env.incoming.socket?.remoteAddress ?? 'unknown';
}
