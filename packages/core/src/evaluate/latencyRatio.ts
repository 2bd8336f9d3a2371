import type { Feeds, Session } from '@snp/runtime';
import { median } from 'd3-array';

/** How long two models take for the same input. */
export interface LatencyRatio {
  /** Median milliseconds per run. */
  before: number;
  after: number;
  /** `after` over `before`. */
  ratio: number;
}

/** Options of `latencyRatio`. */
export interface LatencyRatioOptions {
  /** Runs of each model that count. Default 30. */
  rounds?: number | undefined;
  /** Runs of each before. Default 5. */
  warmUp?: number | undefined;
  signal?: AbortSignal | undefined;
}

const LATENCY_DEFAULTS = { rounds: 30, warmUp: 5 } as const;

/**
 * Measures two open models in turns, so that whatever else the machine does hits both alike.
 *
 * @param feeds Of both models, or of each.
 */
export async function latencyRatio(
  [first, second]: readonly [Session, Session],
  feeds: Feeds | readonly [Feeds, Feeds],
  { rounds = LATENCY_DEFAULTS.rounds, warmUp = LATENCY_DEFAULTS.warmUp, signal }: LatencyRatioOptions = {},
): Promise<LatencyRatio> {
  const times: [number[], number[]] = [[], []];
  const own = isPair(feeds) ? feeds : [feeds, feeds];
  for (let round = -warmUp; round < rounds; round++) {
    for (const [at, session] of [first, second].entries()) {
      const start = performance.now();
      await session.run(own[at], { signal });
      if (round >= 0) times[at].push(performance.now() - start);
    }
  }
  const [before, after] = times.map((list) => median(list)!);
  return { before, after, ratio: after / before };
}

function isPair(feeds: Feeds | readonly [Feeds, Feeds]): feeds is readonly [Feeds, Feeds] {
  return Array.isArray(feeds);
}
