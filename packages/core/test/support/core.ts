// All that the package exports, from whichever entry.
export * from '../../src/entries/algebra.js';
export * from '../../src/entries/inputs.js';
export * from '../../src/entries/planning.js';
export * from '../../src/entries/plugin.js';
export * from '../../src/entries/stages.js';
export * from '../../src/index.js';
