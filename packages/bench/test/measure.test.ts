import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type BenchModel,
  type BenchProgress,
  benchResultSchema,
  compareResults,
  measure,
  onnxRuntimeTarget,
  profileOperators,
  readResult,
  renderBench,
  resultCsv,
  resultMarkdown,
  type Target,
} from '../src/index.js';
import { smallModel, temporaryFolder } from './support/models.js';
import { BRIEF } from './support/protocol.js';

/** Processes that this one has started. */
function children(): number[] {
  return readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const target = onnxRuntimeTarget({ threads: 1 });
let models: BenchModel[];

beforeAll(async () => {
  models = [await smallModel(at('wide.onnx'), { ffn: 768 }), await smallModel(at('narrow.onnx'))];
});

describe('measuring', () => {
  it('tells every run, speed-up, load and memory, as the schema says', async () => {
    const result = await measure({ models, target, protocol: { ...BRIEF, selfCheck: true } });
    expect(benchResultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
    for (const model of result.models) {
      if (model.state === 'failed') throw new Error(model.error);
      expect(model.blocks).toHaveLength(2);
      expect(model.summary.runs).toBe(model.blocks.flat().length);
      expect(model.summary.runs).toBeGreaterThanOrEqual(8);
      expect(model.loadMs).toBeGreaterThan(0);
      expect(model.peakBytes).toBeGreaterThan(0);
    }
    expect(result.models[0]).not.toHaveProperty('speedUp');
    expect(result.models[1]).toHaveProperty('speedUp.ratio');
    expect(result.selfCheck?.ratio).toBeGreaterThan(0);
    expect(result.device.cores).toBeGreaterThan(0);
  });

  it('goes on when a model cannot be loaded, or never answers', async () => {
    writeFileSync(at('broken.onnx'), 'not a model');
    const broken: BenchModel = { name: 'broken', path: at('broken.onnx'), inputs: { batch: 1 } };
    const result = await measure({ models: [models[1], broken], target, protocol: BRIEF });
    expect(result.models.map(({ state }) => state)).toEqual(['measured', 'failed']);
    expect(result.models[1]).toMatchObject({
      error: expect.stringMatching(/not a readable ONNX file|cannot be read|no ONNX/),
    });
  });

  it.skipIf(process.platform !== 'linux')('goes on when the process of a model dies', async () => {
    let runs = 0;
    const dying: Target = {
      ...target,
      async open(model, options) {
        const before = new Set(children());
        const opened = await target.open(model, options);
        if (model !== models[0]) return opened;
        const [own] = children().filter((pid) => !before.has(pid));
        return {
          ...opened,
          time: (count, more) => {
            if (++runs === 3) process.kill(own, 'SIGKILL');
            return opened.time(count, more);
          },
        };
      },
    };
    const result = await measure({ models, target: dying, protocol: BRIEF });
    expect(result.models).toMatchObject([
      { state: 'failed', error: expect.stringMatching(/SIGKILL/) },
      { state: 'measured' },
    ]);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    await expect(measure({ models, target, protocol: BRIEF, signal: controller.signal, onProgress })).rejects.toThrow();
  });

  it('leaves no process behind where it is stopped in the middle', async () => {
    const controller = new AbortController();
    const before = children();
    const onProgress = ({ step }: BenchProgress) => {
      // While the first runs, the second waits for its turn.
      if (step === 'measure') setTimeout(() => controller.abort(), 70);
    };
    await expect(
      measure({ models, target, protocol: { ...BRIEF, runs: 100_000 }, signal: controller.signal, onProgress }),
    ).rejects.toMatchObject({ code: 'aborted' });
    await expect.poll(() => children().filter((pid) => !before.includes(pid))).toEqual([]);
  });

  it('says which targets and protocols there are', async () => {
    await expect(measure({ models, target, protocol: 'slow' })).rejects.toThrow(
      /no protocol 'slow'.*mlperf-single-stream/,
    );
    const absent = onnxRuntimeTarget({ provider: 'qnn' });
    expect(await absent.probe()).toMatchObject({ available: false, reason: expect.stringMatching(/qnn/i) });
    await expect(measure({ models, target: absent })).rejects.toThrow(/'qnn' is not there/);
  });
});

describe('a stored result', () => {
  it('comes back as it was, and is compared with another', async () => {
    const result = await measure({ models, target, protocol: BRIEF });
    writeFileSync(at('old.json'), JSON.stringify(result));
    const old = await readResult(at('old.json'));
    expect(old).toEqual(result);
    expect(compareResults(old, result).verdict).toBe('same');
    const slower = structuredClone(result);
    for (const model of slower.models)
      if (model.state === 'measured') model.blocks = model.blocks.map((block) => block.map((time) => 2 * time));
    expect(compareResults(old, slower)).toMatchObject({
      verdict: 'slower',
      models: [{ verdict: 'slower' }, { verdict: 'slower' }],
    });
    expect(compareResults(slower, old).verdict).toBe('faster');
    const elsewhere = { ...result, device: { ...result.device, cpu: 'another' } };
    expect(compareResults(old, elsewhere).warnings.join()).toMatch(/processors differ/);
  });

  it('is refused where it is none', async () => {
    writeFileSync(at('wrong.json'), '{"format":"snp-bench","version":2}');
    await expect(readResult(at('wrong.json'))).rejects.toThrow(/holds no benchmark result of this version: version/);
    await expect(readResult(at('none.json'))).rejects.toMatchObject({ code: 'io' });
  });

  it('becomes a page, a table and lines, whatever models are called', async () => {
    const [model] = models;
    const name = '=<script>|"a",\n';
    const result = await measure({ models: [{ ...model, name }], target, protocol: BRIEF });
    expect(renderBench(result)).not.toMatch(/<script/);
    expect(resultCsv(result).split('\r\n')[1]).toContain(`"'=<script>|""a"",\n"`);
    expect(resultMarkdown(result).split('\n')[2]).toContain('=<script>\\|"a", ');
  });
});

describe('a profile by operator', () => {
  it('names the operators, and adds up to the blocks', async () => {
    const { operators, blocks, totalMs } = await profileOperators(models[0].path, { runs: 4 });
    expect(operators.map(({ operator }) => operator)).toContain('MatMul');
    expect(blocks.map(({ block }) => block)).toEqual([0, 1, undefined]);
    expect(blocks.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(totalMs, 6);
  });
});
