import fc from 'fast-check';
import { anyBytes, anyInt64, anyMessage, anyText } from './anyMessage.js';
import { anyTensor } from './anyTensor.js';
import { officialType, type PlainMessage } from './officialSchema.js';

/** Builds a message once it is known which names it may read (`scope`) and what its own names begin with. */
type Scoped = (scope: readonly string[], prefix: string) => PlainMessage;

/** Fields of a message that nothing refers to, from the official schema. */
function anyFields(name: Parameters<typeof officialType>[0], without: string[], depth = 1): fc.Arbitrary<PlainMessage> {
  return anyMessage(officialType(name), depth).map((message) =>
    Object.fromEntries(Object.entries(message).filter(([field]) => !without.includes(field))),
  );
}

const anyType = anyMessage(officialType('TypeProto'), 3);
const anyInfo = anyFields('ValueInfoProto', ['name', 'type'], 1);
const named = (info: PlainMessage, name: string, type?: PlainMessage) => ({ ...info, name, ...(type && { type }) });

/** Numbers of `AttributeProto.AttributeType` and a field of that kind. */
const PLAIN_ATTRIBUTES: [type: number, field: string, value: fc.Arbitrary<unknown>][] = [
  [1, 'f', fc.oneof(fc.float(), fc.constantFrom(-0, Number.NaN))],
  [2, 'i', anyInt64],
  [3, 's', anyBytes],
  [4, 't', anyTensor],
  [6, 'floats', fc.array(fc.oneof(fc.float(), fc.constantFrom(-0, Number.NaN)), { maxLength: 3 })],
  [7, 'ints', fc.array(anyInt64, { maxLength: 3 })],
  [8, 'strings', fc.array(anyBytes, { maxLength: 3 })],
  [9, 'tensors', fc.array(anyTensor, { maxLength: 2 })],
  [11, 'sparseTensor', anyMessage(officialType('SparseTensorProto'), 1)],
  [12, 'sparseTensors', fc.array(anyMessage(officialType('SparseTensorProto'), 1), { maxLength: 2 })],
];

/** Without `type`, as before IR version 2, the field that is there tells the kind. */
const anyPlainAttribute: fc.Arbitrary<Scoped> = fc
  .constantFrom(...PLAIN_ATTRIBUTES)
  .chain(([type, field, value]) =>
    fc.tuple(value, fc.boolean()).map(([content, old]) => ({ [field]: content, ...(!old && { type }) })),
  )
  .map((attribute) => () => attribute);

function anyGraphAttribute(depth: number): fc.Arbitrary<Scoped> {
  return fc.oneof(
    anyGraph(depth).map(
      (graph): Scoped =>
        (scope, prefix) => ({ type: 5, g: graph(scope, prefix) }),
    ),
    fc.array(anyGraph(depth), { maxLength: 2 }).map(
      (graphs): Scoped =>
        (scope, prefix) => ({
          type: 10,
          graphs: graphs.map((graph, index) => graph(scope, `${prefix}${index}.`)),
        }),
    ),
  );
}

function anyNode(depth: number): fc.Arbitrary<Scoped> {
  const attribute =
    depth > 0 ? fc.oneof({ weight: 4, arbitrary: anyPlainAttribute }, anyGraphAttribute(depth - 1)) : anyPlainAttribute;
  return fc
    .record({
      rest: anyFields('NodeProto', ['input', 'output', 'opType', 'attribute']),
      opType: anyText,
      picks: fc.array(fc.option(fc.nat()), { maxLength: 3 }),
      outputs: fc.array(fc.boolean(), { maxLength: 3 }),
      attributes: fc.array(fc.tuple(anyText, attribute, anyText), { maxLength: 3 }),
    })
    .map(
      ({ rest, opType, picks, outputs, attributes }): Scoped =>
        (scope, prefix) => ({
          ...rest,
          opType,
          input: picks.map((pick) => (pick === null || scope.length === 0 ? '' : scope[pick % scope.length])),
          output: outputs.map((present, index) => (present ? `${prefix}${index}` : '')),
          attribute: attributes.map(([name, build, docString], index) => ({
            name: `${name}${index}`,
            docString,
            ...build(scope, `${prefix}a${index}.`),
          })),
        }),
    );
}

/** A graph in which every name that is read exists; everything else is arbitrary. */
function anyGraph(depth: number): fc.Arbitrary<Scoped> {
  return fc
    .record({
      rest: anyFields('GraphProto', ['node', 'initializer', 'input', 'output', 'valueInfo', 'sparseInitializer'], 2),
      inputs: fc.array(fc.tuple(anyInfo, anyType), { maxLength: 2 }),
      initializers: fc.array(fc.tuple(anyTensor, fc.option(fc.tuple(anyInfo, anyType))), { maxLength: 3 }),
      sparse: fc.array(fc.tuple(anyTensor, anyTensor), { maxLength: 1 }),
      nodes: fc.array(anyNode(depth), { maxLength: 3 }),
      outputs: fc.array(fc.tuple(fc.nat(), anyInfo, anyType), { maxLength: 2 }),
      infos: fc.array(fc.tuple(fc.nat(), anyInfo, anyType), { maxLength: 2 }),
      suffix: anyText,
    })
    .map(
      (parts): Scoped =>
        (outer, prefix) => {
          const name = (kind: string, index: number) => `${prefix}${kind}${index}${parts.suffix}`;
          const scope = [...outer];
          const input = parts.inputs.map(([info, type], index) => named(info, name('x', index), type));
          const initializer = parts.initializers.map(
            ([tensor], index): PlainMessage => ({ ...tensor, name: name('w', index) }),
          );
          // Until IR version 3 initializers had to be inputs as well; files still list them.
          for (const [index, [, info]] of parts.initializers.entries()) {
            if (info) input.push(named(info[0], name('w', index), info[1]));
          }
          const sparseInitializer = parts.sparse.map(([values, indices], index) => ({
            values: { ...values, name: name('s', index) },
            indices,
            dims: ['9'],
          }));
          for (const item of [
            ...input,
            ...initializer,
            ...sparseInitializer.map(({ values }) => values as PlainMessage),
          ]) {
            if (!scope.includes(item.name as string)) scope.push(item.name as string);
          }
          const node = parts.nodes.map((build, index) => {
            const message = build(scope, name('n', index));
            scope.push(...(message.output as string[]).filter((output) => output !== ''));
            return message;
          });
          const pick = ([at, info, type]: [number, PlainMessage, PlainMessage]) =>
            scope.length > 0 ? [named(info, scope[at % scope.length], type)] : [];
          const output = parts.outputs.flatMap(pick);
          const valueInfo = [...parts.infos.flatMap(pick), named({}, name('unheard of', 0))];
          return { ...parts.rest, node, initializer, input, output, valueInfo, sparseInitializer };
        },
    );
}

const distinct = <T>(item: fc.Arbitrary<T>, key: (item: T) => unknown) =>
  fc.uniqueArray(item, { maxLength: 3, selector: key });

/** A `ModelProto` that a reader must accept, with something in every corner of the format. */
export const anyModel: fc.Arbitrary<PlainMessage> = fc
  .record({
    rest: anyFields(
      'ModelProto',
      ['irVersion', 'opsetImport', 'metadataProps', 'graph', 'trainingInfo', 'functions'],
      2,
    ),
    irVersion: anyInt64,
    opsetImport: distinct(fc.record({ domain: anyText, version: anyInt64 }), ({ domain }) => domain),
    metadataProps: distinct(fc.record({ key: anyText, value: anyText }), ({ key }) => key),
    trainingInfo: fc.array(anyMessage(officialType('TrainingInfoProto'), 3), { maxLength: 1 }),
    functions: fc.array(anyMessage(officialType('FunctionProto'), 3), { maxLength: 2 }),
    graph: anyGraph(2),
  })
  .map(({ rest, graph, ...message }) => ({ ...rest, ...message, graph: graph([], '') }));
