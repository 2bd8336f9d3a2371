// `node bench/tuneKills.mjs [KILLS] [SEED]`: kills `snp tune` at random moments (50), by turns all of its processes, the command alone and the process that runs models alone, and goes on with --resume
// each time. After every kill the checkpoint has to be whole and no older than before; at the end the file has to be, to the byte, that of a run without kills.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cloneModel, Tensor } from '@snp/onnx';
import { writeModel } from '@snp/onnx/node';
import { buildVit, normals, random } from '@snp/testing';
import { loadCheckpoint } from '@snp/tune';
import { randomBelow } from './support/random.mjs';

const [kills = 50, seed = 1] = process.argv.slice(2).map(Number);
const [SIZE, COUNT] = [32, 48];
const below = randomBelow(seed);
const folder = await mkdtemp(join(tmpdir(), 'snp-tune-kills-'));
const at = (name) => join(folder, name);
const snp = fileURLToPath(new URL('../apps/cli/bin/snp.js', import.meta.url));

async function writeModels() {
  const teacher = buildVit({
    ...{ image: SIZE, patch: 8, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' },
    blocks: { queryKey: 8, value: 8, ffn: 48 },
  });
  const student = cloneModel(teacher);
  for (const value of student.graph.initializers) {
    const { tensor } = value;
    if (tensor.dataType !== 'FLOAT' || tensor.size < 2) continue;
    const noise = normals(random(1, value.name), tensor.size, 0.05);
    value.tensor = Tensor.float32(
      tensor.dims,
      tensor.numbers().map((own, place) => own + noise[place]),
    );
  }
  await writeModel(teacher, at('teacher.onnx'));
  await writeModel(student, at('student.onnx'));
}

/** Pictures of random bytes, as NumPy saves them. */
async function writePictures() {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${COUNT}, ${SIZE}, ${SIZE}, 3), }`.padEnd(118);
  const draw = random(1, 'pictures');
  const bytes = Uint8Array.from({ length: COUNT * SIZE * SIZE * 3 }, () => draw.integer(256));
  const magic = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]);
  await writeFile(at('pictures.npy'), Buffer.concat([magic, Buffer.from(header), bytes]));
}

function start(output, ...more) {
  const args = ['tune', at('student.onnx'), '--teacher', at('teacher.onnx'), '--data', at('pictures.npy')];
  const how = ['--preprocess', 'cifar10', '--batch', '8', '--epochs', '250', '--rate', '1e-3', '--checkpoint', '20ms'];
  const child = spawn(process.execPath, [snp, ...args, ...how, '-o', at(output), ...more], { detached: true });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  const ended = new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
  return { pid: child.pid, ended };
}

/** Processes that a process started. */
async function childrenOf(pid) {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => ''));
  return (await Promise.all(lists)).join(' ').split(/\s+/).filter(Boolean).map(Number);
}

const VICTIMS = {
  all: async (pid) => [-pid],
  command: async (pid) => [pid],
  runtime: childrenOf,
};

function killed(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
}

try {
  await writeModels();
  await writePictures();
  const whole = await start('whole.onnx').ended;
  if (whole.code !== 0) throw new Error(whole.said);
  const checkpoint = at('killed.onnx.checkpoint');
  let taken = 0;
  let finished = 0;
  const moved = [];
  for (let kill = 0; kill < kills; kill++) {
    const run = start('killed.onnx', '--resume');
    const victim = Object.keys(VICTIMS)[kill % 3];
    await Promise.race([setTimeout(300 + below(1500)), run.ended]);
    for (const pid of await VICTIMS[victim](run.pid)) killed(pid);
    await run.ended;
    // The checkpoint goes once the result is there, which may be just before the kill.
    const names = await readdir(folder);
    if (names.includes('killed.onnx') && !names.includes('killed.onnx.checkpoint')) {
      const [one, other] = await Promise.all(['whole.onnx', 'killed.onnx'].map((name) => readFile(at(name))));
      if (!one.equals(other)) throw new Error('the file is another than without kills');
      finished++;
      await rm(at('killed.onnx'));
      taken = 0;
      continue;
    }
    const state = await loadCheckpoint(checkpoint).catch((error) => {
      if (taken > 0 || error.code !== 'io') throw error;
    });
    const now = state?.progress.taken ?? 0;
    if (now < taken)
      throw new Error(`kill ${kill} of ${victim}: the checkpoint went from step ${taken} back to ${now}`);
    moved.push(now - taken);
    taken = now;
  }
  const last = await start('killed.onnx', '--resume').ended;
  if (last.code !== 0) throw new Error(last.said);
  const [one, other] = await Promise.all(['whole.onnx', 'killed.onnx'].map((name) => readFile(at(name))));
  if (!one.equals(other)) throw new Error('the file is another than without kills');
  const left = (await readdir(folder)).filter((name) => name.endsWith('.checkpoint'));
  process.stdout.write(
    `${kills} kills, ${moved.filter((steps) => steps > 0).length} of them with steps since the one before, ${finished} too late; the same file at the end; ${left.length} checkpoints left\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
