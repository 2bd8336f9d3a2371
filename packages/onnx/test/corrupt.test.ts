import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../src/codec/decode.js';
import {
  cloneModel,
  costOf,
  decodeModel,
  encodeModel,
  foldConstants,
  type Graph,
  inferShapes,
  SnpError,
} from '../src/index.js';
import { anyModel } from './support/anyModel.js';
import { addInput, apply, emptyModel, floats, ints } from './support/graphs.js';
import { officialBytes } from './support/officialSchema.js';

const joined = (chunks: Uint8Array[]) => new Uint8Array(Buffer.concat(chunks));
const ascii = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** Long enough for a busy machine, far too short for anything that grows with what the bytes claim. */
const AT_MOST_MS = 30_000;

/** A model of an ordinary exporter, and some with something in every corner of the format. */
const originals = [
  ordinaryModel(),
  ...fc.sample(anyModel, { seed: 40, numRuns: 12 }).map((message) => officialBytes('ModelProto', message)),
];

describe('damaged files', () => {
  it('none of them before the damage', () => {
    expect(originals.map(attempt)).toEqual(originals.map(() => undefined));
  });

  it('cut off anywhere', () => {
    let refused = 0;
    for (const bytes of originals) {
      const step = Math.max(1, Math.floor(bytes.length / 400));
      for (let length = 0; length < bytes.length; length += step) if (attempt(bytes.slice(0, length))) refused++;
    }
    expect(refused).toBeGreaterThan(1000);
  });

  it('with bytes changed', () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    const changed = fc.tuple(fc.constantFrom(...originals), fc.array(change, { minLength: 1, maxLength: 4 }));
    let [refused, read] = [0, 0];
    fc.assert(
      fc.property(changed, ([original, changes]) => {
        const bytes = original.slice();
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        if (attempt(bytes)) refused++;
        else read++;
      }),
      { seed: 41, numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(100);
    expect(read).toBeGreaterThan(100);
  });

  it('with parts left out or doubled', () => {
    const moved = fc.tuple(fc.constantFrom(...originals), fc.nat(), fc.nat({ max: 40 }), fc.boolean());
    fc.assert(
      fc.property(moved, ([original, at, length, doubled]) => {
        const from = at % original.length;
        const part = original.subarray(from, from + length);
        const parts = [original.subarray(0, from), ...(doubled ? [part, part] : []), original.subarray(from + length)];
        attempt(joined(parts));
      }),
      { seed: 42, numRuns: 2000 },
    );
  });

  it('of random bytes, also behind the beginning of a model', () => {
    const start = fc.constantFrom(ascii(''), ascii('\x08\x08'), ascii('\x08\x08\x3a'), ordinaryModel().slice(0, 40));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, tail) => void attempt(joined([head, tail]))),
      { seed: 43, numRuns: 3000 },
    );
  });
});

describe('bombs', () => {
  it('of eleven million empty nodes are refused while they are read', () => {
    const nodes = new Uint8Array(22_000_000);
    for (let at = 0; at < nodes.length; at += 2) nodes[at] = 0x0a;
    const length = [0x3a, 0x80 | (nodes.length & 0x7f), 0x80 | ((nodes.length >> 7) & 0x7f)];
    length.push(0x80 | ((nodes.length >> 14) & 0x7f), nodes.length >> 21);
    const error = attempt(joined([ascii('\x08\x08'), new Uint8Array(length), nodes]));
    expect(error).toMatchObject({ code: 'limit', message: expect.stringContaining('10000000 nodes') });
  });

  it('of a million lists with one number each are read as one list', () => {
    const dims = 1_000_000;
    const tensor = new Uint8Array(3 * dims);
    for (let at = 0; at < tensor.length; at += 3) tensor.set([0x3a, 1, 7], at);
    expect(decodeMessage('TensorProto', tensor).int64Data).toHaveLength(dims);
  });
});

describe('claims that cannot be true', () => {
  const tensor = (fields: object) => ({ graph: { initializer: [{ name: 'w', dataType: 1, ...fields }] } });
  const claims: [title: string, message: object, says: RegExp][] = [
    [
      'a terabyte of weights in no bytes',
      tensor({ dims: ['1099511627776'] }),
      /'w' needs 4398046511104 bytes but holds 0/,
    ],
    [
      'more elements than can be counted',
      tensor({ dims: ['4611686018427387904', '4'] }),
      /'w' has the impossible shape/,
    ],
    ['a negative size', tensor({ dims: ['-1'] }), /'w' has the impossible shape \[-1\]/],
    ['an element type of the future', tensor({ dims: [], dataType: 99 }), /'w' has element type 99/],
    [
      'two initializers of a name',
      { graph: { initializer: [0, 0].map(() => scalar('w')) } },
      /Two values are named 'w'/,
    ],
    ['an input from nowhere', { graph: { node: [{ opType: 'Relu', input: ['gone'] }] } }, /Input 'gone' of node Relu/],
    ['an output from nowhere', { graph: { output: [{ name: 'gone' }] } }, /output 'gone'/],
    [
      'a circle',
      { graph: { node: [{ opType: 'Relu', input: ['y'], output: ['y'] }] } },
      /runs in a circle through node Relu/,
    ],
  ];

  it.each(claims)('%s', (_title, message, says) => {
    expect(attempt(officialBytes('ModelProto', message as Record<string, unknown>))?.message).toMatch(says);
  });

  it('graphs in graphs without end', () => {
    let graph: Record<string, unknown> = {};
    for (let depth = 0; depth < 60; depth++)
      graph = { node: [{ opType: 'If', attribute: [{ name: 'then_branch', type: 5, g: graph }] }] };
    expect(attempt(officialBytes('ModelProto', { graph }))?.code).toBe('limit');
  });
});

describe('other files', () => {
  const pad = (head: string) => joined([ascii(head), new Uint8Array(200)]);
  const files: [what: string, bytes: Uint8Array, says: RegExp][] = [
    ['an empty file', new Uint8Array(0), /it is empty/],
    [
      'a PyTorch checkpoint',
      pad('PK\x03\x04\x00\x00\x08\x08\x00\x00archive/data.pkl'),
      /zip archive.*Export the model to ONNX/,
    ],
    ['an old PyTorch checkpoint', pad('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'), /pickle.*Export/],
    ['a TensorFlow Lite model', pad('\x1c\x00\x00\x00TFL3'), /TensorFlow Lite.*Convert/],
    ['a GGUF model', pad('GGUF\x03\x00\x00\x00'), /GGUF/],
    ['an onnxruntime model', pad('\x10\x00\x00\x00ORTM'), /onnxruntime.*\.onnx/],
    ['safetensors', pad('\x40\x00\x00\x00\x00\x00\x00\x00{"weight":{"dtype":"F32"'), /safetensors/],
    ['a Keras file', pad('\x89HDF\r\n\x1a\n'), /HDF5/],
    ['something compressed', pad('\x1f\x8b\x08\x00'), /gzip.*Unpack/],
    ['a Git LFS pointer', ascii('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'), /git lfs pull/],
    ['a web page', ascii('\n<!DOCTYPE html><html><body>Not found</body></html>'), /web page/],
    ['JSON', ascii('{"architectures": ["ViTModel"], "hidden_size": 192}'), /JSON/],
    [
      'text',
      ascii('# Model card\n\nThis folder holds a Vision Transformer that was trained on ImageNet.\n'),
      /text file/,
    ],
    ['a short text', ascii('hello\n'), /not a readable ONNX file/],
    ['zeros', new Uint8Array(4096), /not a(n| readable) ONNX file/],
  ];

  it.each(files)('%s', (_what, bytes, says) => {
    const error = attempt(bytes);
    expect(error?.code).toBe('invalid-file');
    expect(error?.message).toMatch(says);
  });
});

function scalar(name: string) {
  return { name, dataType: 1, rawData: new Uint8Array(4) };
}

function ordinaryModel(): Uint8Array {
  const model = emptyModel();
  const { graph } = model;
  const x = addInput(model, 'pixels', ['batch', 4]);
  const weight = graph.addInitializer(
    'weight',
    floats(
      [4, 6],
      Array.from({ length: 24 }, (_, at) => at / 7),
    ),
  );
  const hidden = apply(model, 'MatMul', [x, weight]);
  const shaped = apply(model, 'Reshape', [hidden, graph.addInitializer('target', ints(0, 3, 2))], { allowzero: 0 });
  graph.outputs.push(apply(model, 'Softmax', [shaped], { axis: -1 }));
  model.metadata.set('author', 'nobody');
  return joined(encodeModel(model));
}

/** Reads bytes in full, does with them what there is to do, and writes what came of it. Returns the error if they were refused; any other one fails. */
function attempt(bytes: Uint8Array): SnpError | undefined {
  const start = performance.now();
  try {
    const model = decodeModel(bytes, { externalData: (_location, size) => new Uint8Array(Math.min(size, 4096)) });
    readAll(model.graph);
    costOf(model, { shapes: inferShapes(model) });
    foldConstants(cloneModel(model));
    decodeModel(joined(encodeModel(cloneModel(model))));
    return undefined;
  } catch (error) {
    if (!(error instanceof SnpError)) throw error;
    expect(['invalid-file', 'limit'], error.message).toContain(error.code);
    expect(error.message).toMatch(/^.{30,}\.$/s);
    expect(error.message).not.toMatch(/undefined|NaN|\[object/);
    return error;
  } finally {
    expect(performance.now() - start).toBeLessThan(AT_MOST_MS);
  }
}

function readAll(graph: Graph): void {
  for (const { tensor } of graph.initializers) tensor!.bytes();
  for (const node of graph.nodes) node.subgraphs.forEach(readAll);
}
