import { Graph, Tensor } from '@snp/onnx';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LabelStore } from '../src/labels/labelStore.js';

it('unites labels as a naive partition does, whatever the order', () => {
  const pairs = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 40 });
  fc.assert(
    fc.property(pairs, (unions) => {
      const store = new LabelStore();
      const graph = new Graph('labels');
      store.addSlot(graph.addInitializer('weight', Tensor.float32([30], new Float32Array(30))), 0, 30, undefined);
      let partition = Array.from({ length: 30 }, (_, label) => [label]);
      for (const [a, b] of unions) {
        store.union(a, b);
        const [first, second] = [a, b].map((label) => partition.find((part) => part.includes(label))!);
        if (first === second) continue;
        partition = [...partition.filter((part) => part !== first && part !== second), [...first, ...second]];
      }
      for (const part of partition) {
        const roots = new Set(part.map((label) => store.find(label)));
        expect(roots.size).toBe(1);
      }
      expect(new Set(partition.map(([label]) => store.find(label))).size).toBe(partition.length);
    }),
    { seed: 3, numRuns: 200 },
  );
});
