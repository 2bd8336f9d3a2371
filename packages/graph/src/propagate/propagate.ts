import { inferShapes, type Model, type Node, type ShapeInfo, SnpError, type Value } from '@snp/onnx';
import { plainLayout } from '../layout/layout.js';
import { beyondForm } from '../rules/form.js';
import { ruleFor } from '../rules/index.js';
import type { OperatorRule } from '../rules/rule.js';
import { outerReads } from '../unfollowed/bodies.js';
import { whyReadInside, whyUnfollowed } from '../unfollowed/whyUnfollowed.js';
import { Propagation } from '../walk/propagation.js';
import { cacheLayout, findCaches, settleCaches } from './caches.js';
import { settleTables } from './settleTables.js';

/** What may be changed beyond the weights. */
export interface PropagateOptions {
  /** Whether past keys and values may become narrower, where they leave through outputs and come back through inputs. Default false. */
  narrowCache?: boolean | undefined;
}

/** Walks a model once in graph order and follows the positions of every weight through it. */
export function propagate(
  model: Model,
  shapes: ShapeInfo = inferShapes(model),
  { narrowCache = false }: PropagateOptions = {},
): Propagation {
  const walk = new Propagation(model.graph, shapes, model.opsets);
  for (const input of model.graph.inputs) {
    const shape = shapes.shape(input);
    if (!input.tensor && shape) walk.layouts.set(input, plainLayout(shape));
  }
  const caches = findCaches(walk);
  for (const cache of caches) {
    const layout = cacheLayout(cache, walk);
    if (layout) walk.layouts.set(cache.input, layout);
  }
  for (const node of model.graph.nodes) {
    freezeOuterReads(node, walk);
    const rule = ruleFor(node.op);
    const beyond = rule && beyondForm(node, rule.operators[node.op], walk.opset(node));
    if (rule && beyond === undefined) follow(rule, node, walk);
    else walk.stopAt(node, (index) => beyond ?? whyUnfollowed(node, index));
  }
  settleTables(walk);
  freezeOutputs(model, walk, settleCaches(caches, walk, narrowCache));
  return walk;
}

function follow(rule: OperatorRule, node: Node, walk: Propagation): void {
  try {
    rule.propagate(node, walk);
  } catch (cause) {
    if (cause instanceof SnpError && cause.code === 'limit')
      return walk.stopAt(node, () => 'has dimensions of too many symbols to be followed');
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    walk.stopAt(node, () => 'has attributes that do not fit its inputs');
  }
}

/** Values that a branch or loop body reads by name are not followed into it. */
function freezeOuterReads(node: Node, walk: Propagation): void {
  for (const { value, ...read } of outerReads(node)) {
    const reason = whyReadInside(read);
    walk.freezeAll(walk.layouts.get(value)?.fields ?? [], node, reason);
    if (value.tensor) walk.freezeConstant(value, node, reason);
  }
}

/** What other programs read keeps its form, but for caches that are cut where they come back too (`free`). */
function freezeOutputs(model: Model, walk: Propagation, free: ReadonlySet<Value>): void {
  for (const output of model.graph.outputs) {
    if (free.has(output)) continue;
    for (const field of walk.layouts.get(output)?.fields ?? []) {
      for (const label of field.labels) {
        walk.labels.freeze(label, {
          node: output.producer?.label,
          operator: output.producer?.op,
          reason: `reaches the model's output '${output.name}'`,
        });
      }
    }
    if (output.tensor) walk.freezeConstant(output, undefined, `is the model's output '${output.name}'`);
  }
}
