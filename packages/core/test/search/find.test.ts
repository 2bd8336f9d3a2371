import { writeFileSync } from 'node:fs';
import { PLAIN_ATTENTION, PLAIN_FFN, PLAIN_SPELLED, PLAIN_SPELLED_BLOCK } from '@snp/testing';
import fc from 'fast-check';
import { it } from 'vitest';
import { examineSpelled } from '../support/examineSpelled.js';
import { spelled } from '../support/spelled.js';

const plans = fc.record({
  share: fc.constantFrom(0.5, 0.75, 1),
  heads: fc.constantFrom(1, 0.5),
  branches: fc.constantFrom(1, 0.7),
  seed: fc.nat(1000),
});
const diff = (a: any, b: any): any =>
  Object.fromEntries(Object.entries(a).filter(([k, v]) => JSON.stringify(v) !== JSON.stringify(b[k])));
const show = (s: any) =>
  JSON.stringify({
    ...diff(s, PLAIN_SPELLED),
    blocks: s.blocks.map((b: any) => ({
      ...diff(b, PLAIN_SPELLED_BLOCK),
      attention: diff(b.attention, PLAIN_ATTENTION),
      ffn: diff(b.ffn, PLAIN_FFN),
    })),
  });
it('find', { timeout: 3_600_000 }, async () => {
  const runs = Number(process.env.R ?? 300),
    seed = Number(process.env.S ?? 1),
    shrink = Number(process.env.K ?? 0);
  const counts: Record<string, number> = {};
  const lines: string[] = [];
  const start = Date.now();
  let [open, closed] = [0, 0];
  const drawn = fc.sample(fc.tuple(spelled, plans), { numRuns: runs, seed });
  for (let i = 0; i < runs; i++) {
    const [spec, plan] = drawn[i];
    const r = await examineSpelled(spec, plan);
    counts[r.outcome] = (counts[r.outcome] ?? 0) + 1;
    open += r.open.length;
    closed += r.closed.length;
    if (!['right', 'nothing'].includes(r.outcome))
      lines.push(`${i} ${r.outcome} ${r.detail?.slice(0, 300)} :: ${show(spec)} ${JSON.stringify(plan)}`);
  }
  console.log(JSON.stringify(counts), 'open', open, 'closed', closed, (Date.now() - start) / runs, 'ms each');
  writeFileSync('/tmp/search-found.txt', lines.join('\n'));
});
