import type { Message } from './message.js';

/** Where a tensor's bytes lie outside of the model file: the entries of `TensorProto.external_data`. */
export interface ExternalLocation {
  /** Path relative to the model file. */
  path: string;
  /** First byte. */
  offset: number;
  /** Number of bytes, if the file states it. */
  length: number | undefined;
  /** Name of the tensor, for messages. */
  tensor: string;
}

/** Fetches bytes outside of the model file. Called when a tensor's content is asked for, each time. */
export type ExternalDataSource = (location: ExternalLocation, byteLength: number) => Uint8Array;

/** `TensorProto.DataLocation.EXTERNAL`. */
export const EXTERNAL = 1;

/** The location that a tensor's entries state. */
export function externalLocation(tensor: Message): ExternalLocation {
  const entries = new Map<string, string>(
    (tensor.externalData ?? []).map((entry: Message) => [entry.key ?? '', entry.value ?? '']),
  );
  const length = entries.get('length');
  return {
    path: entries.get('location') ?? '',
    offset: Number(entries.get('offset') ?? 0),
    length: length === undefined ? undefined : Number(length),
    tensor: tensor.name ?? '',
  };
}
