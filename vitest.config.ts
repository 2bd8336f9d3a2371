import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files whose tests take minutes. */
const LONG =
  /\/(cli\/test\/(commands|bench)|server\/test\/(devices|endurance|attacks|pipeline)|server\/test\/web\/wholeWay|bench\/test\/agent|core\/test\/.*(zoo|groupedHeads|branches|operators|statistics|unusualModels|conformance))\.test\.ts$/;

/** Long ones first: one that began last would run alone. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

// Of all packages at once, at the root, and of each in its folder.
export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    // Far more than any test takes, also on a machine that is busy.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
    maxWorkers: Math.max(2, availableParallelism()),
    sequence: { sequencer: LongFirst },
    // Built packages are run as they are.
    server: { deps: { external: [/\/(packages|apps)\/[^/]+\/dist\//] } },
  },
});
