import type { FileDim, TensorType, Value } from '../ir/value.js';
import { dataTypeCode, dataTypeOf } from '../tensor/dataType.js';
import type { Message } from './message.js';

/** The tensor type that a `ValueInfoProto` states; undefined for none and for types that are no tensors. */
export function typeFromProto(message: Message): TensorType | undefined {
  const tensor: Message | undefined = message.type?.tensorType;
  const elementType = tensor && dataTypeOf(tensor.elemType ?? 0);
  if (!tensor || !elementType) return undefined;
  return { elementType, shape: tensor.shape && ((tensor.shape.dim ?? []) as Message[]).map(dimFromProto) };
}

function dimFromProto(dim: Message): FileDim {
  if (dim.dimValue !== undefined) return Number(dim.dimValue);
  return dim.dimParam || undefined;
}

/**
 * The `ValueInfoProto` of a value.
 *
 * @param read What the file said of the value at this place. It comes back as it was unless the value's type was edited.
 */
export function valueInfoToProto(value: Value, read = value.proto as Message | undefined): Message {
  const message: Message = { ...read, name: value.name };
  const { type } = value;
  if (!type || (read && sameType(value.typeAsRead, type))) return message;
  const old: Message[] = read?.type?.tensorType?.shape?.dim ?? [];
  const tensorType: Message = { ...read?.type?.tensorType, elemType: dataTypeCode(type.elementType) };
  if (type.shape)
    tensorType.shape = { ...tensorType.shape, dim: type.shape.map((dim, axis) => dimToProto(dim, old[axis])) };
  else delete tensorType.shape;
  message.type = { ...read?.type, tensorType };
  return message;
}

function dimToProto(dim: FileDim, old: Message | undefined): Message {
  if (old && dimFromProto(old) === dim) return old;
  const denotation = old?.denotation === undefined ? {} : { denotation: old.denotation };
  if (typeof dim === 'number') return { dimValue: BigInt(dim), ...denotation };
  return dim === undefined ? denotation : { dimParam: dim, ...denotation };
}

function sameType(a: TensorType | undefined, b: TensorType): boolean {
  if (a?.elementType !== b.elementType || (a.shape === undefined) !== (b.shape === undefined)) return false;
  return (
    a.shape === undefined ||
    (a.shape.length === b.shape!.length && a.shape.every((dim, axis) => dim === b.shape![axis]))
  );
}
