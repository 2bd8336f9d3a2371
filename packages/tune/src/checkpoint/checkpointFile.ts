import { SnpError } from '@snp/onnx';
import { openSafetensors, saveSafetensors } from '@snp/runtime';
import type { Checkpoint, RunIdentity, RunProgress } from './checkpoint.js';

const FORMAT = 'snp-tune-checkpoint';
const VERSION = '1';

/**
 * Writes a checkpoint as a .safetensors file. What was there before is only replaced when the new one is complete.
 *
 * @throws SnpError `io` if it cannot be written.
 * @example
 * const student = await readModel('pruned.onnx');
 * const onCheckpoint = (checkpoint: Checkpoint) => saveCheckpoint(checkpoint, 'tuning.safetensors');
 * await tune(student, { teacher: 'original.onnx', data: await images('pictures/'), onCheckpoint });
 */
export async function saveCheckpoint({ run, progress, numbers }: Checkpoint, path: string): Promise<void> {
  const tensors = new Map([...numbers].map(([name, data]) => [name, { dims: [data.length], data }]));
  await saveSafetensors(path, tensors, {
    format: FORMAT,
    version: VERSION,
    run: JSON.stringify(run),
    progress: JSON.stringify(progress),
  });
}

/**
 * Reads a checkpoint that `saveCheckpoint` wrote.
 *
 * @throws SnpError `io` if it cannot be read, `invalid-file` if it is damaged, something else, or of another version.
 * @example
 * const resume = await loadCheckpoint('tuning.safetensors');
 * const student = await readModel('pruned.onnx');
 * await tune(student, { teacher: 'original.onnx', data: await images('pictures/'), resume });
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const fail = (message: string): never => {
    throw new SnpError('invalid-file', `${path} ${message}`, { file: path });
  };
  const file = await openSafetensors(path);
  try {
    const { format, version, run, progress } = file.metadata;
    if (format !== FORMAT) fail('is no checkpoint of a tuning.');
    if (version !== VERSION) fail(`has version ${version}; this release reads version ${VERSION}.`);
    const numbers = new Map<string, Float32Array>();
    for (const name of file.names) {
      const { data } = await file.read(name);
      numbers.set(name, data instanceof Float32Array ? data : fail(`is damaged at '${name}'.`));
    }
    return {
      run: parsed<RunIdentity>(run) ?? fail('is damaged.'),
      progress: parsed<RunProgress>(progress) ?? fail('is damaged.'),
      numbers,
    };
  } finally {
    await file.close();
  }
}

function parsed<T>(text: string | undefined): T | undefined {
  try {
    return JSON.parse(text ?? '') as T;
  } catch {
    return undefined;
  }
}
