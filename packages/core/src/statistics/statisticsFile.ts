import { SnpError } from '@snp/onnx';
import { openSafetensors, saveSafetensors, triangleLength } from '@snp/runtime';
import type { GroupMoments, SecondMoments } from './moments.js';
import type { Sensitivity } from './sensitivity.js';
import type { CalibrationStatistics, OutputSums } from './statistics.js';

const FORMAT = 'snp-statistics';
const VERSION = '1';

/**
 * Writes statistics as a safetensors file (https://github.com/huggingface/safetensors), everything in float64. Of symmetric matrices
 * there is the lower triangle, row by row. An existing file is only replaced when the new one is complete.
 */
export async function saveStatistics(statistics: CalibrationStatistics, path: string): Promise<void> {
  const tensors = new Map([...tensorsOf(statistics)].map(([name, data]) => [name, { dims: [data.length], data }]));
  await saveSafetensors(path, tensors, {
    format: FORMAT,
    version: VERSION,
    model: statistics.model,
    samples: String(statistics.samples),
    effects: JSON.stringify(statistics.sensitivity),
  });
}

/**
 * Reads statistics that `saveStatistics` wrote.
 *
 * @throws SnpError `calibration` if the file is missing, damaged or something else.
 */
export async function loadStatistics(path: string): Promise<CalibrationStatistics> {
  const fail = (message: string): never => {
    throw new SnpError('calibration', `${path} ${message}`, { file: path });
  };
  const ours = "holds no statistics; 'snp calibrate' makes such files.";
  const file = await openSafetensors(path).catch((cause: SnpError) => {
    throw cause.code === 'io' ? new SnpError('calibration', cause.message, { file: path }, { cause }) : fail(ours);
  });
  try {
    const { metadata } = file;
    if (metadata.format !== FORMAT) fail(ours);
    if (metadata.version !== VERSION) fail(`has version ${metadata.version}; this release reads version ${VERSION}.`);
    const tensors = new Map<string, Float64Array>();
    for (const name of file.names) {
      const { data } = await file.read(name).catch(() => fail(`is damaged at '${name}'.`));
      tensors.set(name, data instanceof Float64Array ? data : fail(`is damaged at '${name}'.`));
    }
    return statisticsOf(tensors, metadata) ?? fail('is damaged.');
  } finally {
    await file.close();
  }
}

function* tensorsOf({ groups, outputs }: CalibrationStatistics): Generator<[string, Float64Array]> {
  for (const [id, { secondMoments, pairMoments, streamMoments, crossMoments }] of groups) {
    if (secondMoments) yield* momentTensors(`groups/${id}`, secondMoments);
    for (const [site, moments] of (streamMoments ?? []).entries()) yield* momentTensors(`sites/${site}/${id}`, moments);
    for (const [distance, { count, inputs, outputs: own, products }] of (crossMoments ?? []).entries()) {
      yield [`cross/${distance}/${id}/pairs`, Float64Array.of(count)];
      yield [`cross/${distance}/${id}/inputs`, inputs];
      yield [`cross/${distance}/${id}/outputs`, own];
      yield [`cross/${distance}/${id}/products`, products];
    }
    if (pairMoments) {
      yield [`groups/${id}/samples`, Float64Array.of(pairMoments.count)];
      for (const side of ['queries', 'keys'] as const)
        for (const [head, products] of pairMoments[side].entries()) yield [`groups/${id}/${side}/${head}`, products];
    }
  }
  for (const [name, { rows, sums }] of outputs) {
    yield [`outputs/${name}/rows`, Float64Array.of(rows)];
    yield [`outputs/${name}/sums`, sums];
  }
}

function* momentTensors(path: string, { count, sums, products }: SecondMoments): Generator<[string, Float64Array]> {
  yield [`${path}/count`, Float64Array.of(count)];
  yield [`${path}/sums`, sums];
  yield [`${path}/products`, products];
}

function statisticsOf(
  tensors: ReadonlyMap<string, Float64Array>,
  metadata: Record<string, string>,
): CalibrationStatistics | undefined {
  const groups = new Map<string, GroupMoments>();
  const outputs = new Map<string, OutputSums>();
  const extend = (id: string, moments: GroupMoments) => groups.set(id, { ...groups.get(id), ...moments });
  for (const [name, data] of tensors) {
    const [, kind, id, what] =
      /^(groups|outputs|sites\/\d+|cross\/\d+)\/(.*)\/(count|samples|rows|pairs)$/.exec(name) ?? [];
    const rest = (part: string) => tensors.get(`${kind}/${id}/${part}`);
    const side = (part: string) => {
      const heads: Float64Array[] = [];
      for (let next = rest(`${part}/0`); next; next = rest(`${part}/${heads.length}`)) heads.push(next);
      return heads;
    };
    if (what === 'count') {
      const [sums, products] = [rest('sums'), rest('products')];
      if (!sums || products?.length !== triangleLength(sums.length)) return undefined;
      const moments = { count: data[0], sums, products };
      if (kind === 'groups') extend(id, { secondMoments: moments });
      else extend(id, { streamMoments: [...(groups.get(id)?.streamMoments ?? []), moments] });
    } else if (what === 'samples') {
      extend(id, { pairMoments: { count: data[0], queries: side('queries'), keys: side('keys') } });
    } else if (what === 'pairs') {
      const [inputs, own, products] = [rest('inputs'), rest('outputs'), rest('products')];
      if (!inputs || !own || products?.length !== inputs.length * own.length) return undefined;
      const moments = { count: data[0], inputs, outputs: own, products };
      extend(id, { crossMoments: [...(groups.get(id)?.crossMoments ?? []), moments] });
    } else if (what === 'rows') {
      const sums = rest('sums');
      if (!sums) return undefined;
      outputs.set(id, { rows: data[0], sums });
    }
  }
  try {
    const sensitivity = JSON.parse(metadata.effects) as Sensitivity;
    return { model: metadata.model, samples: Number(metadata.samples), groups, outputs, sensitivity };
  } catch {
    return undefined;
  }
}
