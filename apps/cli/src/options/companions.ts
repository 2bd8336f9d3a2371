import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SnpError } from '@snp/core';
import { Option } from 'commander';
import { checkAllWritable, defaultOutput } from './files.js';

export function companionOption(): Option {
  return new Option(
    '--companion <FILE...>',
    'files that share weights with the model, as decoder_with_past_model.onnx does with decoder_model.onnx: pruned in step, and written beside the output',
  );
}

/** A companion, and where its pruned form goes. */
export interface CompanionPlace {
  input: string;
  output: string;
}

/** Where pruned companions go: into the folder of the output, under their own names where the model keeps its own. */
export function companionPlaces(
  companions: readonly string[] = [],
  { input, output }: { input: string; output: string },
): CompanionPlace[] {
  const keepsName = basename(input) === basename(output);
  return companions.map((companion) => ({
    input: companion,
    output: join(dirname(output), keepsName ? basename(companion) : defaultOutput(companion)),
  }));
}

/** Fails early where companions could not be written, or two files would go to one place. */
export async function checkCompanions(places: readonly CompanionPlace[], model: CompanionPlace): Promise<void> {
  const all = [model, ...places];
  await checkAllWritable(
    all.map(({ output }) => output),
    all.map(({ input }) => input),
  );
  const taken = new Map([[resolve(model.output), model.input]]);
  for (const { input, output } of places) {
    const other = taken.get(resolve(output));
    if (other !== undefined)
      throw new SnpError(
        'invalid-argument',
        `Both ${other} and ${input} would be written to ${output}. Give another output (-o): where it has the name of the model, companions keep theirs.`,
        { file: output },
      );
    taken.set(resolve(output), input);
  }
}

/** What to say where a decoder's other file lies beside it and was not given. */
export function forgottenCompanion(input: string, companions: readonly string[] = []): string | undefined {
  const other = basename(input).replace(/^decoder_model(?!_merged)/, 'decoder_with_past_model');
  const path = join(dirname(input), other);
  if (other === basename(input) || !existsSync(path) || companions.some((own) => basename(own) === other))
    return undefined;
  return `${path} shares weights with ${basename(input)} and stays as it is, so that the two no longer go on from each other's keys and values exactly. To prune both in step: --companion ${path}.`;
}
