// `node scripts/stageFaults.mjs [NAME...]`: puts deliberate faults into the stages of @snp/core, one at a time, and tells which test catches each. Half an hour; for
// hand, in a copy of the project. The table that it prints stands in docs/stages.md.
import { stageFaults } from './support/stageFaults.mjs';
import { firstFailingTest, tryFaults } from './support/tryFaults.mjs';

const ALL = [
  'pipeline',
  'compensation',
  'reconstruction',
  'correction',
  'sensitivity',
  'calibration',
  'allocation',
  'plugin',
  'data',
];

const firstFailure = (tests) =>
  firstFailingTest(
    'packages/core',
    tests.map((test) => `test/${test}`),
  );

tryFaults(
  stageFaults,
  ({ tests }) => firstFailure(tests) ?? firstFailure(ALL.filter((test) => !tests.includes(test))),
  { nameOf: (file) => file.replace('packages/core/src/', '') },
);
