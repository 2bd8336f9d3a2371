import { writeFileSync } from 'node:fs';
import { operatorRules } from '@snp/graph';
import { OPERATOR_INSTANCES, Sampler } from '@snp/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { check, Disagreement, type Outcome } from './check.js';

// A longer run, whose counts go into the table of operators in the docs:
// SNP_CONFORMANCE_RUNS=20000 SNP_CONFORMANCE_SEED=7 SNP_CONFORMANCE_OUT=../../docs/conformance.json npx vitest run test/conformance
const RUNS = Number(process.env.SNP_CONFORMANCE_RUNS ?? 300);
const SEED = Number(process.env.SNP_CONFORMANCE_SEED ?? 1);
const OUT = process.env.SNP_CONFORMANCE_OUT;

/** Operators that carry no positions: what they tell is folded before a model is analysed. */
const WITHOUT = new Set(['ConstantOfShape', 'Range', 'Shape', 'Size']);

/** Operators of attention have a test of their own, of as many forms: ../attention/operators.test.ts. */
const ATTENTION = new Set([
  'Attention',
  'RotaryEmbedding',
  'com.microsoft.Attention',
  'com.microsoft.GroupQueryAttention',
  'com.microsoft.MultiHeadAttention',
  'com.microsoft.RotaryEmbedding',
]);

/** What became of the instances of one operator. */
interface Count extends Record<Exclude<Outcome, 'not run'>, number> {
  /** Operator sets in which an instance was proven. */
  opsets: number[];
}

const counts = new Map<string, Count>();

/** Whether the runtime ran the instance. */
async function prove(operator: string, seed: number): Promise<boolean> {
  const type = seed % 4 === 0 ? 'FLOAT16' : 'FLOAT';
  const sampler = new Sampler(seed, operator, type);
  sampler.model.graph.outputs.push(...OPERATOR_INSTANCES[operator](sampler));
  try {
    const outcome = await check(sampler.model, sampler.feeds, seed, type === 'FLOAT' ? 1e-4 : 3e-2);
    if (outcome === 'not run') return false;
    const count = counts.get(operator) ?? { proven: 0, frozen: 0, refused: 0, opsets: [] };
    counts.set(operator, count);
    count[outcome]++;
    if (outcome === 'proven' && !count.opsets.includes(sampler.opset)) count.opsets.push(sampler.opset);
    return true;
  } catch (error) {
    if (!(error instanceof Disagreement)) throw error;
    throw new Error(
      `${operator}, seed ${seed}, operator set ${sampler.opset}, ${type}: ${error.message}\n${sampler.describe()}`,
    );
  }
}

describe('what a rule claims holds in the runtime', () => {
  afterAll(() => {
    if (OUT) writeFileSync(OUT, `${JSON.stringify(Object.fromEntries(counts), undefined, 2)}\n`);
  });

  for (const { operators, summary } of operatorRules.filter(({ summary }) => !summary.startsWith('frozen'))) {
    const known = Object.keys(operators).filter((operator) => !WITHOUT.has(operator) && !ATTENTION.has(operator));
    if (known.length === 0) continue;
    const name = known.length > 3 ? `${known.slice(0, 3).join(', ')}, ...` : known.join(', ');
    it(`${name}: ${summary}`, { timeout: 3_600_000 }, async () => {
      expect(known.filter((operator) => !(operator in OPERATOR_INSTANCES))).toEqual([]);
      const each = Math.max(10, Math.ceil(RUNS / known.length));
      for (const operator of known) {
        let ran = 0;
        for (let seed = 0; ran < each && seed < 4 * each; seed++)
          if (await prove(operator, SEED * 1_000_003 + seed)) ran++;
        // What is always frozen, or never runs, proves nothing.
        expect(counts.get(operator)?.proven ?? 0, `proven instances of ${operator}`).toBeGreaterThan(0);
      }
    });
  }
});
