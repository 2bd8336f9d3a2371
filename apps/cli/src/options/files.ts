import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { SnpError } from '@snp/core';
import { WholeFile } from '@snp/onnx/node';

/** Reads a JSON file; errors say which file and where. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new SnpError('io', `${path} cannot be read: ${cause.message}.`, { file: path }, { cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SnpError(
      'invalid-argument',
      `${path} is not valid JSON: ${(cause as Error).message}.`,
      { file: path },
      { cause },
    );
  }
}

/** The output where none is named: beside the user, not beside the model, which may lie where nothing can be written. */
export function defaultOutput(input: string, what = 'snp'): string {
  return `${basename(input).replace(/\.onnx$/i, '')}.${what}.onnx`;
}

/** Fails early where an output could not be written at the end of long work. */
export async function checkWritable(output: string, input: string): Promise<void> {
  if (resolve(output) === resolve(input)) {
    throw new SnpError(
      'invalid-argument',
      `The output ${output} is the input itself. Give another name: the original is needed to verify the result.`,
      { file: output },
    );
  }
  const file = await WholeFile.open(output);
  await file.discard();
}

/** The same for all outputs of a command that are asked for. */
export async function checkAllWritable(
  outputs: readonly (string | undefined)[],
  inputs: readonly string[],
): Promise<void> {
  for (const output of outputs)
    if (output !== undefined) for (const input of inputs) await checkWritable(output, input);
}

/** The size of a file in bytes, its external data included. */
export async function fileSize(path: string): Promise<number> {
  const sizes = await Promise.all(
    [path, `${path}.data`].map((file) =>
      stat(file).then(
        (stats) => stats.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
