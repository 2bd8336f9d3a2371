import { chmod, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tensor } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { buildVit, GraphBuilder, random } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEEDS, writePictures } from '../../../examples/shapes/pictures.mjs';
import { namesIn, SMALL_VIT, snp, temporaryFolder, writeSmallVit } from './support/snp.js';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeSmallVit(at('vit.onnx'));
  await writeSmallVit(at('external.onnx'), 'external');
  await writeFile(at('text.onnx'), 'Dear model, please be small.\n');
  await writeFile(at('empty.onnx'), '');
  await writeFile(at('truncated.onnx'), await readFile(at('vit.onnx')));
  await truncate(at('truncated.onnx'), 20_000);
  await writeModel(newerOpset(), at('newer.onnx'));
  await writeModel(withoutAttention(), at('mlp.onnx'));
  await writeModel(oneLayer('MatMul'), at('linear.onnx'));
  await writeModel(oneLayer('MatMulInteger'), at('quantised.onnx'));
  await writePictures(at('pictures'), { count: 10, seed: SEEDS.calibration });
  await mkdir(at('broken'));
  for (const name of ['a.png', 'b.jpg']) await writeFile(at('broken', name), 'not a picture');
  await mkdir(at('nothing'));
  await writeFile(at('wrong.npy'), npy([4, 3, 16, 16]));
  await snp(
    'prune',
    at('vit.onnx'),
    '--keep-macs',
    '0.6',
    '--no-calib',
    '-o',
    at('small.onnx'),
    '--report',
    at('report'),
  );
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

function newerOpset() {
  const model = buildVit({ ...SMALL_VIT, qkv: 'fused' });
  model.opsets.set('', 99);
  return model;
}

function withoutAttention() {
  const graph = new GraphBuilder('mlp');
  const draw = random(1);
  const weight = (name: string, rows: number, columns: number) =>
    graph.weight(
      name,
      [rows, columns],
      Float32Array.from({ length: rows * columns }, () => draw.uniform()),
    );
  const x = graph.input('x', 'FLOAT', ['batch', 8]);
  const hidden = graph.op('/up', 'Relu', [graph.op('/up', 'MatMul', [x, weight('up', 8, 32)])]);
  graph.output(graph.op('/down', 'MatMul', [hidden, weight('down', 32, 4)]), 'y', 'FLOAT', ['batch', 4]);
  return graph.model;
}

/** What goes in is the input, what comes out the output. */
function oneLayer(op: 'MatMul' | 'MatMulInteger') {
  const graph = new GraphBuilder('layer');
  const [type, result, array] =
    op === 'MatMul'
      ? (['FLOAT', 'FLOAT', new Float32Array(32)] as const)
      : (['INT8', 'INT32', new Int8Array(32)] as const);
  const weight = graph.model.graph.addInitializer('w', Tensor.of(type, [8, 4], array));
  graph.output(graph.op('/layer', op, [graph.input('x', type, ['batch', 8]), weight]), 'y', result, ['batch', 4]);
  return graph.model;
}

function npy(shape: number[]): Buffer {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const header = `${dict.padEnd(117)}\n`;
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  return Buffer.concat([start, Buffer.from(header), Buffer.alloc(4 * shape.reduce((a, b) => a * b, 1))]);
}

/** What is wrong, the arguments, and what the message must say. `OUT` stands for the output, `@name` for a file. */
const CASES: readonly (readonly [string, string, RegExp])[] = [
  [
    'a file that does not exist',
    'prune @missing.onnx --keep-macs 0.5 -o OUT',
    /missing\.onnx.*(no such file|does not exist)/i,
  ],
  ['a folder instead of a file', 'prune @pictures --keep-macs 0.5 -o OUT', /pictures is not a file/],
  ['a file that is not ONNX', 'prune @text.onnx --keep-macs 0.5 -o OUT', /text\.onnx.*not a readable ONNX file/],
  ['an empty file', 'prune @empty.onnx --keep-macs 0.5 -o OUT', /empty/i],
  ['a truncated file', 'prune @truncated.onnx --keep-macs 0.5 -o OUT', /truncated/i],
  ['an operator set from the future', 'prune @newer.onnx --keep-macs 0.5 -o OUT', /operator set 99.*up to \d+/],
  [
    'a model of one layer',
    'prune @linear.onnx --keep-macs 0.5 -o OUT',
    /Nothing in this model can be pruned.*Found: 1 MatMul/,
  ],
  [
    'a quantised model',
    'prune @quantised.onnx --keep-macs 0.5 -o OUT',
    /This model is quantised: prune the float model, then quantise.*1 MatMulInteger/,
  ],
  [
    'a ratio for what is not there, beside one that is',
    'prune @mlp.onnx --ratio ffn=0.5 --ratio value=0.5 -o OUT',
    /No value of this model can be pruned.*No attention was found.*Can be pruned.*ffn 32/,
  ],
  [
    'heads where there are none, with the plug-in',
    'prune @mlp.onnx --plugin head --ratio head=0.5 -o OUT',
    /No head of this model can be pruned.*No attention was found/,
  ],
  [
    'a budget below what is frozen',
    'prune @mlp.onnx --keep-macs 0.01 --no-calib -o OUT',
    /cannot be met.*Can be pruned.*ffn 32/,
  ],
  ['a misspelt kind', 'prune @vit.onnx --ratio fnn=0.5 -o OUT', /'fnn'.*Did you mean 'ffn'/],
  [
    'ratios with a comma',
    'prune @vit.onnx --ratio ffn=0.5,value=0.2 -o OUT',
    /Write --ratio ffn=0\.5 --ratio value=0\.2/,
  ],
  ['a ratio that is no number', 'prune @vit.onnx --ratio ffn=half -o OUT', /'half' is no share.*0\.5 or 50%/],
  ['a ratio given twice', 'prune @vit.onnx --ratio ffn=0.5 --ratio ffn=0.2 -o OUT', /'ffn' was given before/],
  ['no target', 'prune @vit.onnx -o OUT', /Nothing says how small/],
  ['a latency that is none', 'prune @vit.onnx --latency fast -o OUT', /share of the original's latency.*12ms/],
  ['a device without a latency', 'prune @vit.onnx --keep-macs 0.5 --target cpu -o OUT', /--target is about --latency/],
  ['an unknown device', 'prune @vit.onnx --latency 0.5 --target abacus -o OUT', /no target 'abacus'.*cpu/],
  [
    'a device with a name and no token',
    'bench @vit.onnx --target http://127.0.0.1:9',
    /needs a token.*SNP_AGENT_TOKEN/,
  ],
  [
    'a latency table that is none',
    'prune @vit.onnx --latency 0.5 --table @report/plan.json -o OUT',
    /holds no latency table/,
  ],
  [
    'a result in a folder that does not exist',
    'bench @vit.onnx --protocol quick -o @no/result.json',
    /result\.json.*(folder|directory)/i,
  ],
  ['a profile in place of the model', 'profile @vit.onnx -o @vit.onnx', /is the input itself/],
  ['an agent whose token is nowhere', 'agent --token-file @no.token', /no\.token cannot be read/],
  ['an agent whose folder is a file', 'agent --data @text.onnx', /text\.onnx cannot be used/],
  ['one result to compare', 'bench --compare @report/plan.json', /Two results are compared/],
  ['a result that is none', 'bench --compare @report/plan.json @report/plan.json', /holds no benchmark result/],
  [
    'two targets',
    'prune @vit.onnx --preset snp-deit-tiny --keep-macs 0.5 -o OUT',
    /--preset and --keep-macs.*contradict/,
  ],
  [
    'a plan and data',
    'prune @vit.onnx --plan @report/plan.json --calib @pictures --compensation none -o OUT',
    /--calib has no effect with --plan/,
  ],
  ['shares without a budget', 'prune @vit.onnx --ratio ffn=0.5 --least ffn=0.5 -o OUT', /--least divides a budget/],
  [
    'planned allocation without data',
    'prune @vit.onnx --keep-macs 0.5 --allocation planned -o OUT',
    /needs compensation 'full' and calibration data/,
  ],
  ['statistics that are none', 'prune @vit.onnx --keep-macs 0.5 --stats @vit.onnx -o OUT', /holds no statistics/],
  ['a shard of nothing', 'calibrate @vit.onnx --calib @pictures --shard 3/2 -o OUT', /I\/N with I from 1 to N/],
  [
    'a seed without use',
    'prune @vit.onnx --keep-macs 0.5 --seed 3 -o OUT',
    /--seed is about calibration data and --criterion random/,
  ],
  ['a limit without data', 'prune @vit.onnx --keep-macs 0.5 --limit 3 -o OUT', /--limit is about calibration data/],
  ['an unknown preset', 'prune @vit.onnx --preset deit -o OUT', /no preset 'deit'.*snp-deit-tiny/],
  [
    'a preset for another model',
    'prune @vit.onnx --preset snp-deit-tiny -o OUT',
    /for a model of 12 blocks.*has 2 blocks/,
  ],
  [
    'a budget without typical inputs',
    'prune @vit.onnx --keep-macs 0.5 -o OUT',
    /no typical inputs.*--calib DIR.*--no-calib/s,
  ],
  ['a budget in numbers without typical inputs', 'prune @vit.onnx --keep-params 9k -o OUT', /no typical inputs/],
  ['an unknown criterion', 'prune @vit.onnx --keep-macs 0.5 --criterion magic -o OUT', /magic.*snp/s],
  [
    'a criterion that needs data',
    'prune @vit.onnx --keep-macs 0.5 --criterion activation --no-calib -o OUT',
    /looks at activations.*--calib/,
  ],
  [
    'compensation without data',
    'prune @vit.onnx --keep-macs 0.5 --compensation ridge -o OUT',
    /Compensation 'ridge'.*--calib/,
  ],
  [
    'an unknown compensation',
    'prune @vit.onnx --keep-macs 0.5 --compensation magic -o OUT',
    /magic.*none, mean, ridge/,
  ],
  ['its old name, too', 'prune @vit.onnx --keep-macs 0.5 --recovery ridge -o OUT', /Compensation 'ridge'.*--calib/],
  ['a budget of nothing', 'prune @vit.onnx --keep-macs 0 -o OUT', /above 0/],
  ['a budget that cannot be met', 'prune @vit.onnx --keep-params 1e-9 --no-calib -o OUT', /cannot be met/],
  ['a budget that is no number', 'prune @vit.onnx --keep-macs half -o OUT', /fraction \(0\.5\)/],
  [
    'a ratio for a group that does not exist',
    'prune @vit.onnx --ratio heads=0.5 -o OUT',
    /no group or kind of group 'heads'/,
  ],
  ['a ratio that leaves nothing', 'prune @vit.onnx --ratio ffn=1 -o OUT', /below 1/],
  ['a folder of data that does not exist', 'prune @vit.onnx --keep-macs 0.5 --calib @nowhere -o OUT', /nowhere/],
  ['a folder without data', 'prune @vit.onnx --keep-macs 0.5 --calib @nothing -o OUT', /no (pictures|samples)/i],
  [
    'nothing but unreadable pictures',
    'prune @vit.onnx --keep-macs 0.5 --calib @broken -o OUT',
    /(all|none).*2.*a\.png|a\.png/is,
  ],
  ['data of another shape', 'prune @vit.onnx --keep-macs 0.5 --calib @wrong.npy -o OUT', /16.*32|32.*16/s],
  ['a plan that is not JSON', 'apply @vit.onnx --plan @text.onnx -o OUT', /not valid JSON/],
  ['a plan that is something else', 'apply @vit.onnx --plan @report/report.json -o OUT', /not a plan/],
  ['a plan for another model', 'apply @external.onnx --plan @other.json -o OUT', /made for another model/],
  [
    'a plan for a group that does not exist',
    'apply @vit.onnx --plan @group.json -o OUT',
    /'blocks\.9\.ffn'.*does not have/,
  ],
  ['a plan with widths that do not exist', 'apply @vit.onnx --plan @units.json -o OUT', /from 0 to 47.*blocks\.0\.ffn/],
  ['a plan that leaves nothing', 'apply @vit.onnx --plan @none.json -o OUT', /At least one unit/],
  ['a plan with uneven heads', 'apply @vit.onnx --plan @uneven.json -o OUT', /equally many/],
  ['the output is the input', 'prune @vit.onnx --keep-macs 0.5 -o @vit.onnx', /is the input itself/],
  [
    'an output in a folder that does not exist',
    'prune @vit.onnx --keep-macs 0.5 -o @no/where.onnx',
    /where\.onnx.*(folder|directory)/i,
  ],
  ['an output that is a folder', 'prune @vit.onnx --keep-macs 0.5 -o @pictures', /pictures.*(folder|directory)/i],
  [
    'a report where a file is',
    'prune @vit.onnx --keep-macs 0.5 -o OUT --report @text.onnx',
    /report folder.*text\.onnx/,
  ],
  ['an unknown option', 'prune @vit.onnx --keep-mac 0.5 -o OUT', /--keep-mac/],
  ['verification against the wrong plan', 'verify @vit.onnx @small.onnx --plan @other.json', /made for another model/],
  ['evaluation without labels', 'eval @vit.onnx --data @wrong.npy', /shape|label/i],
];

describe('bad input ends with an error and no output', () => {
  beforeAll(async () => {
    const plan = JSON.parse(await readFile(at('report', 'plan.json'), 'utf8'));
    const ffn = (keep: number[]) => ({ ...plan, groups: { 'blocks.0.ffn': { units: 48, lanes: 1, keep } } });
    const queryKey = { units: 24, lanes: 3, keep: [0, 1, 2, 8, 9, 16, 17] };
    const plans = {
      other: { ...plan, model: { fingerprint: '0123456789abcdef' } },
      group: { ...plan, groups: { 'blocks.9.ffn': { units: 48, lanes: 1, keep: [0] } } },
      units: ffn([0, 48]),
      none: ffn([]),
      uneven: { ...plan, groups: { 'blocks.0.query-key': queryKey } },
    };
    for (const [name, content] of Object.entries(plans)) await writeFile(at(`${name}.json`), JSON.stringify(content));
  });

  it.each(CASES)(
    '%s',
    async (_, command, message) => {
      const before = await namesIn(folder);
      const args = command
        .split(' ')
        .map((word) => (word === 'OUT' ? at('out.onnx') : word.startsWith('@') ? at(word.slice(1)) : word));
      const { code, stdout, stderr } = await snp(...args);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/internal error|\n\s+at /);
      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(await namesIn(folder)).toEqual(before);
    },
    30_000,
  );

  it('is one JSON document on stdout where JSON is asked for, of a wrong command line too', async () => {
    const model = at('mlp.onnx');
    const out = at('out.onnx');
    const failures = [
      [
        ['prune', at('quantised.onnx'), '--keep-macs', '0.5', '-o', out],
        'not-prunable',
        { node: '/layer/MatMulInteger' },
      ],
      [['prune', model, '--ratio', 'fnn=0.5', '-o', out], 'invalid-argument', { group: 'fnn' }],
      [['prune', model, '--keep-macs', 'half', '-o', out], 'invalid-argument', {}],
      [['prune', model, '--no-such-option'], 'invalid-argument', {}],
      [['apply', model, '--plan', at('no.json'), '-o', out], 'io', { file: at('no.json') }],
      [['inspect', at('text.onnx')], 'invalid-file', { file: at('text.onnx') }],
    ] as const;
    for (const [args, code, place] of failures) {
      const outcome = await snp(...args, '--json');
      expect(outcome.code).toBe(1);
      expect(JSON.parse(outcome.stdout)).toMatchObject({ error: { code, place } });
      // People read the same.
      expect(outcome.stderr).toContain(JSON.parse(outcome.stdout).error.message.slice(0, 60));
    }
  }, 60_000);

  it('missing external data', async () => {
    await rm(at('external.onnx.data'));
    const { code, stderr } = await snp(
      'prune',
      at('external.onnx'),
      '--keep-macs',
      '0.5',
      '--no-calib',
      '-o',
      at('out.onnx'),
    );
    expect(stderr).toMatch(/external\.onnx\.data.*is missing.*Copy it/);
    expect(code).toBe(1);
    expect(await namesIn(folder)).not.toContain('out.onnx');
  });

  it('a folder that cannot be written', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may write everywhere');
    await mkdir(at('locked'));
    await chmod(at('locked'), 0o555);
    const { code, stderr } = await snp('prune', at('vit.onnx'), '--keep-macs', '0.5', '-o', at('locked', 'out.onnx'));
    expect(stderr).toMatch(/locked.*cannot be written/s);
    expect(code).toBe(1);
  });

  it('mutated model files never crash the command', async () => {
    const bytes = await readFile(at('vit.onnx'));
    const draw = random(7);
    for (let round = 0; round < 6; round++) {
      const mutant = Uint8Array.from(bytes);
      for (let change = 0; change < 8; change++) mutant[draw.integer(4000)] = draw.integer(256);
      await writeFile(at('mutant.onnx'), mutant);
      const { stderr } = await snp('inspect', at('mutant.onnx'));
      expect(stderr).not.toMatch(/internal error/);
    }
    await rm(at('mutant.onnx'));
  }, 60_000);

  it('leaves the model that was there, byte for byte', async () => {
    const before = await readFile(at('small.onnx'));
    const { code } = await snp('apply', at('vit.onnx'), '--plan', at('other.json'), '-o', at('small.onnx'));
    expect(code).toBe(1);
    expect(Buffer.compare(await readFile(at('small.onnx')), before)).toBe(0);
    await expect(readModel(at('small.onnx'))).resolves.toBeDefined();
  });
});
