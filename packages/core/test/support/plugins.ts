import { asUnits, l2, type Plugin } from './core.js';

/** Heads as units. */
export const heads: Plugin = {
  name: 'heads',
  find: (found) => found.heads.map((set) => asUnits(set)),
  criterion: l2(),
};

/** Attention and FFN branches as units. */
export const branches: Plugin = {
  name: 'branches',
  find: (found) => found.branches.map((branch) => asUnits(branch)),
  criterion: l2(),
};
