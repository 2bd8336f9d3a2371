import {
  type Analysis,
  analyze,
  type CompensationKind,
  calibrate,
  checkPlan,
  compensate,
  type Model,
  type OpenOptions,
  open,
  type Plan,
  requestsFor,
  solveCompensation,
} from './core.js';

/** A model with the weights by which it makes up for what a plan takes away, before it is cut. */
export async function compensated(
  model: Model,
  plan: Plan,
  { kind, ...options }: OpenOptions & { kind: CompensationKind },
): Promise<Analysis> {
  const context = await open(model, options);
  const statistics = await calibrate(context, requestsFor(kind, { beyond: true }));
  const compensations = await solveCompensation(context, statistics, { kind, beyond: true });
  const own = await compensate(context, checkPlan(plan, context.analysis), compensations);
  return analyze(own.model, { narrowCache: context.analysis.narrowCache });
}
