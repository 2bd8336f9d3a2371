import type { Value } from '@snp/onnx';
import { localFunction } from './localFunction.js';
import type { SpellingWriter } from './spellingWriter.js';

/** What a branch computes of a value. */
type Branch = (w: SpellingWriter, x: Value) => Value;

/** One way of calling a branch: itself, in a function, or in the body of an If or Loop. */
export interface ControlSpelling {
  readonly write: (w: SpellingWriter, name: string, x: Value, branch: Branch) => Value;
  /** Which body runs, or how often, is known only at run time. */
  readonly computed?: boolean;
  readonly since?: number;
}

function choose(w: SpellingWriter, condition: Value, yes: () => Value, no: () => Value): Value {
  const body = (name: string, write: () => Value) => w.body(name, (graph) => graph.outputs.push(write()));
  return w.op('If', [condition], { then_branch: body('then', yes), else_branch: body('else', no) });
}

function nothing(w: SpellingWriter, x: Value): Value {
  return w.op('Mul', [x, w.number(0)]);
}

/** Zero, which is known only at run time. */
function computedZero(w: SpellingWriter, x: Value): Value {
  return w.op('Mul', [w.reduce('ReduceSum', x, [0, 1, 2], 0), w.number(0)]);
}

/** Half of the branch is added in each of two rounds. */
function twice(w: SpellingWriter, times: Value, x: Value, branch: Branch): Value {
  const body = w.body('body', (graph) => {
    const names = ['round', 'goes_on', 'sum'].map((name) => graph.addValue(graph.uniqueName(name)));
    const [round, goesOn, sum] = names;
    round.type = { elementType: 'INT64', shape: [] };
    goesOn.type = { elementType: 'BOOL', shape: [] };
    graph.inputs.push(...names);
    const half = w.op('Mul', [branch(w, x), w.number(0.5)]);
    graph.outputs.push(w.op('Identity', [goesOn]), w.op('Add', [sum, half]));
  });
  return w.op('Loop', [times, w.flag(true), nothing(w, x)], { body });
}

/** Spellings of a call. */
export const CONTROLS = {
  none: { write: (w, _, x, branch) => branch(w, x) },
  function: {
    since: 15,
    write: (w, name, x, branch) => localFunction(w, name, [x], (body, [value]) => branch(body, value)),
  },
  'if-true': {
    write: (w, _, x, branch) =>
      choose(
        w,
        w.flag(true),
        () => branch(w, x),
        () => nothing(w, x),
      ),
  },
  'if-false': {
    write: (w, _, x, branch) =>
      choose(
        w,
        w.flag(false),
        () => nothing(w, x),
        () => branch(w, x),
      ),
  },
  'if-computed': {
    computed: true,
    write: (w, _, x, branch) => {
      const condition = w.op('Less', [computedZero(w, x), w.number(1)]);
      return choose(
        w,
        condition,
        () => branch(w, x),
        () => nothing(w, x),
      );
    },
  },
  'loop-fixed': { computed: true, write: (w, _, x, branch) => twice(w, w.int(2), x, branch) },
  'loop-computed': {
    computed: true,
    write: (w, _, x, branch) => twice(w, w.op('Add', [w.cast(computedZero(w, x), 'INT64'), w.int(2)]), x, branch),
  },
} as const satisfies Record<string, ControlSpelling>;

/** Name of a spelling of a call. */
export type ControlName = keyof typeof CONTROLS;

/** The spelling of that name. */
export function controlSpelling(name: ControlName): ControlSpelling {
  return CONTROLS[name];
}
