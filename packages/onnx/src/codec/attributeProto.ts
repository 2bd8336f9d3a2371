import type { Attribute, AttributeValue } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import type { ExternalDataSource } from './externalData.js';
import type { Message } from './message.js';
import { tensorFromProto, tensorToProto } from './tensorProto.js';

/** `AttributeProto.AttributeType` numbers and the field that holds each kind's value. */
const KINDS = {
  FLOAT: [1, 'f'],
  INT: [2, 'i'],
  STRING: [3, 's'],
  TENSOR: [4, 't'],
  GRAPH: [5, 'g'],
  FLOATS: [6, 'floats'],
  INTS: [7, 'ints'],
  STRINGS: [8, 'strings'],
  GRAPHS: [10, 'graphs'],
} as const;

type Kind = keyof typeof KINDS;

/** What reading and writing an attribute needs of graphs inside it. */
export interface GraphCodec {
  read(message: Message): Graph;
  write(graph: Graph): Message;
  external?: ExternalDataSource | undefined;
}

/** The attribute that an `AttributeProto` holds. Files older than IR 3 state no type: the field that is there tells. */
export function attributeFromProto(message: Message, codec: GraphCodec): Attribute {
  const kind = kindOf(message);
  if (!kind || message.refAttrName) return { type: 'OTHER', proto: message };
  const field = message[KINDS[kind][1]];
  const value = { type: kind, value: readValue(kind, field, codec) } as AttributeValue;
  return { ...value, proto: message };
}

function kindOf(message: Message): Kind | undefined {
  const entries = Object.entries(KINDS) as [Kind, (typeof KINDS)[Kind]][];
  const stated = message.type ?? 0;
  return entries.find(([, [number, field]]) => (stated ? number === stated : message[field] !== undefined))?.[0];
}

function readValue(kind: Kind, field: unknown, codec: GraphCodec): unknown {
  switch (kind) {
    case 'FLOAT':
      return field ?? 0;
    case 'INT':
      return field ?? 0n;
    case 'STRING':
      return field ?? new Uint8Array(0);
    case 'TENSOR':
      return tensorFromProto((field ?? {}) as Message, codec.external);
    case 'GRAPH':
      return codec.read((field ?? {}) as Message);
    case 'GRAPHS':
      return ((field ?? []) as Message[]).map(codec.read);
    default:
      return field === undefined ? [] : Array.from(field as ArrayLike<unknown>);
  }
}

/** The `AttributeProto` of an attribute. */
export function attributeToProto(name: string, attribute: Attribute, codec: GraphCodec): Message {
  const proto = attribute.proto as Message | undefined;
  if (attribute.type === 'OTHER') return { ...proto, name };
  const [type, field] = KINDS[attribute.type];
  const message: Message = { ...proto, name };
  if (!proto || proto.type !== undefined) message.type = type;
  const value = writeValue(attribute, codec);
  if (proto && proto[field] === undefined && isDefault(attribute)) return message;
  message[field] = value;
  return message;
}

function writeValue(attribute: Attribute, codec: GraphCodec): unknown {
  switch (attribute.type) {
    case 'TENSOR':
      return tensorToProto(attribute.value, undefined);
    case 'GRAPH':
      return codec.write(attribute.value);
    case 'GRAPHS':
      return attribute.value.map(codec.write);
    case 'OTHER':
      return undefined;
    default:
      return attribute.value;
  }
}

/** Values that a file may leave out. */
function isDefault(attribute: Attribute): boolean {
  switch (attribute.type) {
    case 'FLOAT':
      return attribute.value === 0;
    case 'INT':
      return attribute.value === 0n;
    case 'STRING':
      return attribute.value.length === 0;
    default:
      return false;
  }
}
