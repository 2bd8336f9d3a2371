// Predictions in a process of its own that keeps analyses of models: requests are answered in milliseconds, and what a model does to it hits no one else.
import { readFile } from 'node:fs/promises';
import { type Analysis, prepare, SnpError } from '@snp/core';
import {
  budgetWidths,
  CostModel,
  checkPlan,
  type DivergenceCurve,
  laneWidth,
  Planner,
  presetWidths,
  ratioWidths,
  type Widths,
} from '@snp/core/planning';
import { readModel } from '@snp/onnx/node';
import type {
  Prediction,
  PredictionFiles,
  PredictionRequest,
  PredictorAnswer,
  PredictorQuestion,
} from './prediction.js';

interface Known {
  analysis: Analysis;
  costs: CostModel;
}

/** Models that are kept; each takes about as much memory as its file. */
const MOST_MODELS = 4;

const models = new Map<string, Promise<Known>>();
const curves = new Map<string, Promise<Map<string, DivergenceCurve>>>();

/** As it is kept, or made now; those asked for last stay. */
function keep<T>(map: Map<string, Promise<T>>, key: string, most: number, make: () => Promise<T>): Promise<T> {
  const value = map.get(key) ?? make();
  map.delete(key);
  map.set(key, value);
  value.catch(() => map.delete(key));
  for (const oldest of [...map.keys()].slice(0, Math.max(0, map.size - most))) map.delete(oldest);
  return value;
}

async function open(path: string): Promise<Known> {
  const analysis = prepare(await readModel(path));
  return { analysis, costs: new CostModel(analysis) };
}

async function readCurves(path: string): Promise<Map<string, DivergenceCurve>> {
  const rows = JSON.parse(await readFile(path, 'utf8')) as Record<string, number[]>;
  return new Map(Object.entries(rows).map(([id, curve]) => [id, Float64Array.from(curve)]));
}

async function predict(files: PredictionFiles, request: PredictionRequest): Promise<Prediction> {
  const { analysis, costs } = await keep(models, files.model, MOST_MODELS, () => open(files.model));
  const path = files.curves;
  const divergences =
    path === undefined ? undefined : await keep(curves, path, 4 * MOST_MODELS, () => readCurves(path));
  const some = widthsOf(analysis, divergences, request);
  const widths = Object.fromEntries(analysis.groups.map((group) => [group.id, some[group.id] ?? laneWidth(group)]));
  const damage = Object.fromEntries(
    analysis.groups.flatMap((group) => {
      const curve = divergences?.get(group.id);
      return curve && widths[group.id] < laneWidth(group) ? [[group.id, curve[widths[group.id]]]] : [];
    }),
  );
  return {
    widths,
    before: costs.at({}),
    after: costs.at(widths),
    divergence: divergences ? Object.values(damage).reduce((sum, one) => sum + one, 0) : null,
    damage,
  };
}

function widthsOf(
  analysis: Analysis,
  divergences: Map<string, DivergenceCurve> | undefined,
  request: PredictionRequest,
): Widths {
  const { target, round = 1, least } = request;
  if ('preset' in target) return presetWidths(target.preset, analysis);
  if ('ratios' in target) return ratioWidths(target.ratios, analysis, { round });
  if ('widths' in target) return checkedWidths(analysis, target.widths);
  if ('plan' in target) {
    const { groups } = checkPlan(target.plan, analysis);
    return Object.fromEntries(Object.entries(groups).map(([id, { keep: kept, lanes }]) => [id, kept.length / lanes]));
  }
  const budget = target.budget as Parameters<typeof budgetWidths>[1];
  const planned = divergences && new Planner(analysis, divergences, { round, least }).plan(budget);
  return planned?.widths ?? budgetWidths(analysis, budget, { round });
}

function checkedWidths(analysis: Analysis, widths: Widths): Widths {
  const full = new Map(analysis.groups.map((group) => [group.id, laneWidth(group)]));
  for (const [id, width] of Object.entries(widths)) {
    const most = full.get(id);
    if (most === undefined)
      throw new SnpError('invalid-argument', `The model has no group '${id}'. It has: ${[...full.keys()].join(', ')}.`);
    if (width > most)
      throw new SnpError('invalid-argument', `The group '${id}' has ${most} units per head, not ${width}.`);
  }
  return widths;
}

process.on('disconnect', () => process.exit(0));
process.on('message', async ({ id, files, request }: PredictorQuestion) => {
  const answer = await predict(files, request).then(
    (prediction): PredictorAnswer => ({ id, prediction }),
    (error: Error): PredictorAnswer => ({
      id,
      failed: { code: error instanceof SnpError ? error.code : 'internal', message: error.message },
    }),
  );
  // The server may just have died: `disconnect` tells of it.
  if (process.connected) process.send!(answer, undefined, undefined, () => undefined);
});
