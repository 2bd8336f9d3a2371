import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schema } from '../src/codec/schema.js';
import { decodeMessage, decodeModel, encodeMessage, encodeModel, type MessageName } from '../src/index.js';
import { anyMessage } from './support/anyMessage.js';
import { anyModel } from './support/anyModel.js';
import {
  officialBytes,
  officialMeaning,
  officialNames,
  officialType,
  type PlainMessage,
} from './support/officialSchema.js';
import { describeShared, sharedFiles } from './support/sharedModels.js';

const joined = (chunks: Uint8Array[]) => new Uint8Array(Buffer.concat(chunks));

/** OpaqueType is in the schema of classical machine learning (onnx-ml.proto) alone. */
const names = (Object.keys(schema) as MessageName[]).filter((name) => name !== 'OpaqueType');

describe('the schema against the official one', () => {
  it('has the same messages', () => {
    expect(names.map((name) => officialType(name).fullName.replace('.onnx.', '')).sort()).toEqual(
      officialNames().sort(),
    );
  });

  it.each(names)('%s has the same fields', (name) => {
    const official = officialType(name).fieldsArray.filter((field) => !field.name.startsWith('future'));
    const own = Object.entries(schema[name]).filter(([, field]) => field.kind !== 'OpaqueType');
    expect(own.map(([id, field]) => [Number(id), field.name, field.repeated ?? false, field.packed ?? false])).toEqual(
      official
        .sort((a, b) => a.id - b.id)
        .map((field) => [field.id, field.name, field.repeated, field.getOption('packed') === true]),
    );
  });
});

describe('messages there and back', () => {
  it.each(names)('%s', (name) => {
    fc.assert(
      fc.property(anyMessage(officialType(name), 2), (message) => {
        const bytes = officialBytes(name, message);
        const again = joined(encodeMessage(name, decodeMessage(name, bytes)));
        expect(officialMeaning(name, again)).toEqual(officialMeaning(name, bytes));
      }),
      { seed: 20, numRuns: 60 },
    );
  });
});

describe('models there and back', () => {
  it('keeps everything that a file says', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(anyModel, (message) => {
        const bytes = officialBytes('ModelProto', message);
        const again = joined(encodeModel(decodeModel(bytes)));
        expect(officialMeaning('ModelProto', again)).toEqual(officialMeaning('ModelProto', bytes));
      }),
      { seed: 21, numRuns: 150 },
    );
  });
});

describeShared('real models there and back', () => {
  it.each(sharedFiles)('$file', { timeout: 60_000 }, ({ bytes }) => {
    const original = bytes();
    const again = joined(encodeModel(decodeModel(original)));
    if (Buffer.compare(again, original) === 0) return;
    // Some exporters write nodes in front of what they read. In all else the meaning is the same.
    expect(nodesByOutput(again)).toEqual(nodesByOutput(original));
  });
});

/** What a file means, with the nodes of its main graph in an order that does not depend on the file. */
function nodesByOutput(bytes: Uint8Array): PlainMessage {
  const meaning = officialMeaning('ModelProto', bytes);
  const graph = meaning.graph as { node: { output: string[] }[] };
  graph.node.sort((a, b) => (a.output[0] < b.output[0] ? -1 : 1));
  return meaning;
}
