import type { SpelledSpec } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DrawnPlan, type Examination, examineSpelled } from '../support/examineSpelled.js';
import { FORMER_FAULTS } from '../support/formerFaults.js';
import { piecesOf } from '../support/piecesOf.js';
import { spelled } from '../support/spelled.js';

// A longer search: SNP_SEARCH_RUNS=5000 SNP_SEARCH_SEED=7 npx vitest run test/search/spellings.test.ts, or bench/searchLong.mjs
const RUNS = Number(process.env.SNP_SEARCH_RUNS ?? 100);
const SEED = Number(process.env.SNP_SEARCH_SEED ?? 1);
/** So many models are drawn at a time; a failure ends its batch alone. */
const BATCH = 50;

const plans: fc.Arbitrary<DrawnPlan> = fc.record({
  share: fc.constantFrom(0.5, 0.75, 1),
  heads: fc.constantFrom(1, 0.5),
  branches: fc.constantFrom(1, 0.7),
  narrowCache: fc.boolean(),
  seed: fc.nat(1000),
});

const FAULTS: readonly Examination['outcome'][] = ['unlike', 'crash', 'load', 'prepared', 'wrong', 'masked'];

class Search {
  readonly counts = { run: 0, right: 0, wrong: 0, refused: 0, needless: 0 };
  /** What refusals said, and what widths that stay without need have in common, by how often. */
  readonly reasons: Record<string, number> = {};
  readonly pieces: Record<string, number> = {};
  /** Widths by whether anything of them can leave. */
  readonly widths = { all: 0, closed: 0 };
  readonly failures: string[] = [];

  /** Draws one batch; its first failure is shrunk and told by the names of its pieces. */
  async batch(numRuns: number, seed: number): Promise<void> {
    let shrinking = false;
    const property = fc.asyncProperty(spelled, plans, async (spec, plan) => {
      const examination = await examineSpelled(spec, plan);
      if (!shrinking) this.#count(spec, examination);
      shrinking ||= FAULTS.includes(examination.outcome);
      return !FAULTS.includes(examination.outcome);
    });
    const { counterexample } = await fc.check(property, { numRuns, seed });
    if (counterexample) this.failures.push(await this.#told(...counterexample));
  }

  #count(spec: SpelledSpec, { outcome, detail, open, closed, needless }: Examination): void {
    if (outcome !== 'not-run') this.counts.run++;
    if (outcome === 'right') this.counts.right++;
    if (outcome === 'refused') {
      this.counts.refused++;
      add(this.reasons, String(detail).replaceAll(/'[^']*'|\d+/g, '*'));
    }
    if (needless.length > 0) {
      this.counts.needless++;
      for (const piece of piecesOf(spec)) add(this.pieces, piece);
    }
    if (FAULTS.includes(outcome)) this.counts.wrong++;
    this.widths.all += open.length + closed.length;
    this.widths.closed += closed.length;
  }

  async #told(spec: SpelledSpec, plan: DrawnPlan): Promise<string> {
    const { outcome, detail } = await examineSpelled(spec, plan);
    return `${outcome} ${detail ?? ''}\n  ${[...piecesOf(spec)].join(' ')}\n  ${JSON.stringify({ spec, plan })}`;
  }
}

function add(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

describe('a Transformer of many spellings', () => {
  it(`is pruned right or refused (${RUNS} models, seed ${SEED})`, { timeout: 36_000_000 }, async () => {
    const search = new Search();
    for (let done = 0; done < RUNS; done += BATCH) {
      await search.batch(Math.min(BATCH, RUNS - done), SEED * 1_000_000 + done);
    }
    const { counts, widths, reasons, pieces } = search;
    console.info(`spellings ${JSON.stringify({ ...counts, ...widths })}`);
    console.info(`refusals ${JSON.stringify(reasons)}\nwidths kept without need ${JSON.stringify(pieces)}`);
    expect(search.failures.join('\n')).toBe('');
    // A search that finds nothing to prune proves nothing.
    expect(counts.right).toBeGreaterThan(counts.run / 2);
    expect(widths.closed / widths.all).toBeLessThan(0.2);
  });

  it.each(FORMER_FAULTS.map((fault) => [[...piecesOf(fault.spec)].join(' '), fault] as const))(
    'no longer has the fault %s',
    async (_, { spec, plan }) => {
      expect(['right', 'nothing', 'refused']).toContain((await examineSpelled(spec, plan)).outcome);
    },
  );
});
