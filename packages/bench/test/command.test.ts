import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BenchModel, commandTarget, KNOWN_COMMANDS, measure, readCommandTarget } from '../src/index.js';
import { smallModel, temporaryFolder } from './support/models.js';
import { BRIEF } from './support/protocol.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
let model: BenchModel;

/** A program that prints what the one it stands for prints. */
function program(name: string, script: string): string {
  writeFileSync(at(name), `#!/bin/sh\n${script}\n`);
  chmodSync(at(name), 0o755);
  return at(name);
}

beforeAll(async () => {
  model = await smallModel(at('model with spaces.onnx'));
});

describe('a command target', () => {
  it('fills in the model as one argument and takes the times from what is printed', async () => {
    const own = program(
      'own',
      'echo "model $1"; [ -f "$1" ] || exit 3; for i in $(seq "$2"); do echo "run took 2500 us"; done',
    );
    const target = commandTarget({
      name: 'own',
      command: [own, '{model}', '{runs}'],
      times: { from: 'stdout', pattern: 'took ([\\d.]+) us', unit: 'us' },
    });
    const { models } = await measure({ models: [model], target, protocol: BRIEF });
    expect(models[0]).toMatchObject({ state: 'measured', summary: { median: 2.5 } });
  });

  // Formats as the programs' own sources and manuals show them.
  it.each([
    [
      'trtexec',
      `for a in "$@"; do case $a in --exportTimes=*) printf '[ { "startInMs" : 1.5, "latencyMs" : 1.25 }\\n, { "startInMs" : 3, "latencyMs" : 1.75 } ]' > "\${a#--exportTimes=}";; esac; done`,
      [1.25, 1.75],
    ],
    [
      'benchmark_app',
      'printf "[ INFO ] Latency:\\n[ INFO ]    Median:           6.37 ms\\n[ INFO ]    Average:          6.50 ms\\n"',
      [6.37],
    ],
    [
      'onnxruntime_perf_test',
      'for a in "$@"; do last=$a; done; printf "model.onnx,0.004,0,0,0\\nmodel.onnx,0.0052,0,0,1\\n" > "$last"',
      [4, 5.2],
    ],
  ])('%s is understood', async (name, script, times) => {
    const known = KNOWN_COMMANDS.find((one) => one.name === name)!;
    const target = commandTarget({ ...known, command: [program(name, script), ...known.command.slice(1)] });
    const opened = await target.open(model);
    expect(await opened.time(2)).toEqual(times.map((time) => expect.closeTo(time, 9)));
  });

  it('fails as a result, with what the program said', async () => {
    const target = commandTarget({
      name: 'failing',
      command: [program('failing', 'echo "no such layer" >&2; exit 7')],
      times: { from: 'stdout', pattern: '(x)', unit: 'ms' },
    });
    const { models } = await measure({ models: [model], target, protocol: BRIEF });
    expect(models[0]).toMatchObject({ state: 'failed', error: expect.stringMatching(/exit code 7: no such layer/) });
  });

  it('is stopped with all that it started', async () => {
    const target = commandTarget({
      name: 'endless',
      command: [program('endless', 'sleep 1000 & wait')],
      times: { from: 'stdout', pattern: '(x)', unit: 'ms' },
    });
    const opened = await target.open(model);
    await expect(opened.time(1, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('is not there where its program is not', async () => {
    expect(await commandTarget({ ...KNOWN_COMMANDS[0], command: ['/nowhere/trtexec'] }).probe()).toMatchObject({
      available: false,
    });
  });

  it('is read from a file, or refused with the place that is wrong', async () => {
    writeFileSync(
      at('mine.json'),
      JSON.stringify({ name: 'mine', command: ['x'], times: { from: 'stdout', pattern: '(.)', unit: 'ms' } }),
    );
    expect((await readCommandTarget(at('mine.json'))).name).toBe('mine');
    writeFileSync(at('wrong.json'), JSON.stringify({ name: 'mine', command: 'x', times: {} }));
    await expect(readCommandTarget(at('wrong.json'))).rejects.toThrow(/no command target of this version: command/);
  });
});
