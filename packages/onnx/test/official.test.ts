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
  it('keeps everything that a file says', () => {
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

describe('edits', () => {
  const type = (...dim: PlainMessage[]) => ({ tensorType: { elemType: 1, shape: { dim } }, denotation: 'IMAGE' });
  const rows = { dimParam: 'N', denotation: 'DATA_BATCH' };
  const info = (name: string, width: string) => ({
    name,
    docString: `about ${name}`,
    type: type(rows, { dimValue: width }),
  });
  const message = (width: string, rawData: Uint8Array, nodes: PlainMessage[]) => ({
    irVersion: '10',
    futureText: 'kept',
    graph: {
      input: [info('x', '4')],
      initializer: [
        { name: 'w', dims: ['4', width], dataType: 1, rawData, ...(width === '6' && { docString: 'old' }) },
      ],
      node: [{ input: ['x', 'w'], output: ['h'], opType: 'MatMul', docString: 'project' }, ...nodes],
      output: [info('h', width), info('x', '4')],
      valueInfo: [{ ...info('h', width), docString: 'said twice' }, info('unheard of', '6')],
      futureNumber: '-5',
    },
  });

  it('change what they are about and nothing else', () => {
    const model = decodeModel(officialBytes('ModelProto', message('6', new Uint8Array(96).fill(1), [])));
    const { graph } = model;
    const [x, w, h] = ['x', 'w', 'h'].map((name) => graph.value(name));
    w.tensor = w.tensor!.take(1, [0, 5]);
    h.type = { elementType: 'FLOAT', shape: ['N', 2] };
    graph.addNode({ op: 'Relu', inputs: [x], outputs: ['added'], attributes: { note: 'new' } });
    const note = { name: 'note', type: 3, s: new TextEncoder().encode('new') };
    const added = { input: ['x'], output: ['added'], opType: 'Relu', attribute: [note] };
    const expected = officialBytes('ModelProto', message('2', new Uint8Array(32).fill(1), [added]));
    expect(officialMeaning('ModelProto', joined(encodeModel(model)))).toEqual(officialMeaning('ModelProto', expected));
  });
});

describeShared('real models there and back', () => {
  it.each(sharedFiles)('$file', ({ bytes }) => {
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
