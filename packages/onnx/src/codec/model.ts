import { SnpError } from '../errors.js';
import { Model } from '../ir/model.js';
import { decodeMessage } from './decode.js';
import { encodeMessage } from './encode.js';
import type { ExternalDataSource } from './externalData.js';
import { graphFromProto, graphToProto } from './graphProto.js';
import { looksLike } from './looksLike.js';
import type { Message } from './message.js';

/** Options of `decodeModel`. */
export interface DecodeOptions {
  /** Fetches tensors that lie outside of the model file. Without it, asking for such a tensor's content is an error. */
  externalData?: ExternalDataSource | undefined;
}

/**
 * Reads an ONNX model. Contents of tensors are views into `bytes`, which must not change afterwards.
 *
 * @throws SnpError `invalid-file` if this is no ONNX model, is truncated, or contradicts itself; the message says where.
 * @example
 * const model = decodeModel(await readFile('model.onnx'));
 */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): Model {
  const other = looksLike(bytes);
  if (other) throw new SnpError('invalid-file', `This is not an ONNX file: ${other}`);
  return modelFromProto(decodeMessage('ModelProto', bytes), options);
}

/** Writes a model as chunks of bytes, to be written one after another. Unedited parts come back as they were. */
export function encodeModel(model: Model): Uint8Array[] {
  return encodeMessage('ModelProto', modelToProto(model));
}

function modelFromProto(message: Message, options: DecodeOptions): Model {
  if (!message.graph) {
    throw new SnpError(
      'invalid-file',
      'This is not an ONNX file: it holds no graph. Give the .onnx file that the exporter wrote.',
    );
  }
  const model = new Model(graphFromProto(message.graph, options.externalData));
  model.proto = message;
  model.irVersion = Number(message.irVersion ?? 0n);
  for (const { domain, version } of message.opsetImport ?? []) model.opsets.set(domain ?? '', Number(version ?? 0n));
  for (const { key, value } of message.metadataProps ?? []) model.metadata.set(key ?? '', value ?? '');
  model.producerName = message.producerName ?? '';
  model.producerVersion = message.producerVersion ?? '';
  return model;
}

/** The `ModelProto` of a model, with everything it was read with. */
export function modelToProto(model: Model): Message {
  const proto = (model.proto ?? {}) as Message;
  const message: Message = {
    ...proto,
    irVersion: integer(model.irVersion, proto.irVersion),
    graph: graphToProto(model.graph),
    opsetImport: [...model.opsets].map(([domain, version]) => {
      const old = proto.opsetImport?.find((entry: Message) => (entry.domain ?? '') === domain);
      return { ...(old ?? (domain ? { domain } : { domain: '' })), version: integer(version, old?.version) };
    }),
    metadataProps: [...model.metadata].map(([key, value]) => {
      const old = proto.metadataProps?.find((entry: Message) => (entry.key ?? '') === key);
      return { ...(old ?? { key }), ...((old?.value ?? '') === value ? {} : { value }) };
    }),
  };
  if (proto.irVersion === undefined && model.irVersion === 0) delete message.irVersion;
  for (const field of ['producerName', 'producerVersion'] as const) {
    if (model[field] || proto[field] !== undefined) message[field] = model[field];
  }
  return message;
}

/** A number of the model as the file's 64 bits, which hold more digits than a number does. */
function integer(value: number, read: bigint | undefined): bigint {
  return read !== undefined && Number(read) === value ? read : BigInt(value);
}
