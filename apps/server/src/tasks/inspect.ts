import type { z } from '@hono/zod-openapi';
import { type Analysis, costOf, type Group, prepare } from '@snp/core';
import { costPerBlock, coverageOf, fingerprint } from '@snp/core/planning';
import { SnpError, type Value } from '@snp/onnx';
import { externalDataFiles, writeTextWhole } from '@snp/onnx/node';
import type { analysisSchema } from '../api/analysis.js';
import { openTaskModel } from './inputs.js';
import { JSON_TYPE, PLACES, type TaskFunction } from './task.js';

/** Looks into a model: what it is made of, what can be pruned, what cannot and why. */
export const inspect: TaskFunction<object> = async () => {
  const model = await openTaskModel();
  // Weights are fetched when they are needed; a model is only sound if all of them are there.
  await externalDataFiles(PLACES.model);
  const analysis = prepare(model, { allowNothing: true });
  const description = describe(
    analysis,
    notPrunable(() => prepare(model)),
  );
  await writeTextWhole(`${PLACES.output}/analysis.json`, JSON.stringify(description));
  return { result: { cost: description.cost }, files: [{ name: 'analysis.json', type: JSON_TYPE }] };
};

/** Why nothing can be pruned, or null. */
function notPrunable(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof SnpError && error.code === 'not-prunable') return error.message;
    throw error;
  }
}

function describe(analysis: Analysis, why: string | null): z.infer<typeof analysisSchema> {
  const { model, shapes, groups, frozen, blocks } = analysis;
  const { macs, params, bytes, dims } = costOf(model, { shapes });
  const parts = costPerBlock(analysis, analysis);
  const width = (group: Group | undefined) => (group ? group.units / group.lanes : null);
  const operators: Record<string, number> = {};
  for (const { op } of model.graph.nodes) operators[op] = (operators[op] ?? 0) + 1;
  return {
    opset: model.opset,
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    nodes: model.graph.nodes.length,
    fingerprint: fingerprint(model),
    inputs: model.graph.inputs.filter(({ tensor }) => !tensor).map(port),
    outputs: model.graph.outputs.map(port),
    cost: { macs, params, bytes },
    outside: parts[parts.length - 1].before,
    assumedDims: dims,
    prunable: coverageOf(analysis),
    operators,
    blocks: blocks.map((block) => ({
      block: block.index,
      heads: block.heads,
      queryKey: width(block.queryKey),
      value: width(block.value),
      ffn: block.ffn.map(({ units }) => units),
      groups: groups.filter((group) => group.block === block.index).map(({ id }) => id),
      ...parts[block.index].before,
    })),
    groups: groups.map((group) => ({
      id: group.id,
      kind: group.kind,
      block: group.block ?? null,
      units: group.units,
      lanes: group.lanes,
      width: group.units / group.lanes,
      laneOf: lanesInOrder(group) ? null : [...group.laneOf],
      members: group.members.map(({ initializer, axis, role, readers }) => ({
        initializer: initializer.name,
        dims: [...initializer.tensor!.dims],
        axis,
        role,
        nodes: readers.map((node) => node.label),
      })),
    })),
    frozen: frozen.map(({ kind, units, members, reason }) => ({
      kind: kind ?? null,
      units,
      initializers: members.map(({ initializer, axis }) => ({ initializer: initializer.name, axis })),
      node: reason.node ?? null,
      operator: reason.operator ?? null,
      reason: reason.reason,
    })),
    notPrunable: why,
  };
}

/** Whether the units of each head follow one another. */
function lanesInOrder({ laneOf, units, lanes }: Group): boolean {
  return laneOf.every((lane, unit) => lane === Math.floor((unit * lanes) / units));
}

function port({ name, type }: Value) {
  return { name, type: type?.elementType ?? 'FLOAT', dims: (type?.shape ?? []).map((dim) => dim ?? null) };
}
