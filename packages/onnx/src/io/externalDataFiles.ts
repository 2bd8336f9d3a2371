import { realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { decodeMessage } from '../codec/decode.js';
import { EXTERNAL, externalLocation } from '../codec/externalData.js';
import type { Message } from '../codec/message.js';
import { SnpError } from '../errors.js';
import { resolveInside } from './externalFiles.js';
import { reason } from './reason.js';

/** A data file of a model. */
export interface ExternalDataFile {
  /** As the model names it: relative to its own folder. */
  location: string;
  /** Where it is. */
  path: string;
}

/**
 * The files beside a model that hold its weights, for whoever moves models about. Files outside of the model's folder are refused as by `readModel`.
 *
 * @throws SnpError `io`, `invalid-file` or `external-data`.
 */
export async function externalDataFiles(path: string, { followLinks = false } = {}): Promise<ExternalDataFile[]> {
  const bytes = await readFile(path).catch((cause) => {
    throw new SnpError('io', `${path} cannot be read: ${reason(cause)}.`, { file: path }, { cause });
  });
  const folder = realpathSync(dirname(resolve(path)));
  const files = new Map<string, string>();
  for (const tensor of externalTensors(decodeMessage('ModelProto', bytes))) {
    const location = externalLocation(tensor);
    if (!files.has(location.path)) files.set(location.path, resolveInside(folder, location, followLinks));
  }
  return [...files].map(([location, own]) => ({ location, path: own }));
}

/** Tensors with external data, wherever in the message they are: initializers, attributes, subgraphs. */
function* externalTensors(message: Message): Generator<Message> {
  if (message.dataLocation === EXTERNAL) yield message;
  for (const value of Object.values(message)) {
    for (const part of Array.isArray(value) ? value : [value]) if (isMessage(part)) yield* externalTensors(part);
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Array.isArray(value);
}
