/** How a field's value is written: protobuf scalar kinds that ONNX uses, or a nested message by name. */
export type FieldKind = 'int32' | 'int64' | 'uint64' | 'enum' | 'float' | 'double' | 'string' | 'bytes' | MessageName;

/** One field of a message. */
export interface FieldSchema {
  readonly name: string;
  readonly kind: FieldKind;
  readonly repeated?: true;
  /** Repeated numbers are written in one run. They are read either way. */
  readonly packed?: true;
}

type Fields = Readonly<Record<number, FieldSchema>>;

const one = (name: string, kind: FieldKind): FieldSchema => ({ name, kind });
const many = (name: string, kind: FieldKind): FieldSchema => ({ name, kind, repeated: true });
const run = (name: string, kind: FieldKind): FieldSchema => ({ name, kind, repeated: true, packed: true });

/** Messages of the ONNX format. */
export type MessageName =
  | 'ModelProto'
  | 'GraphProto'
  | 'NodeProto'
  | 'AttributeProto'
  | 'TensorProto'
  | 'TensorSegment'
  | 'SparseTensorProto'
  | 'ValueInfoProto'
  | 'TypeProto'
  | 'TensorType'
  | 'SequenceType'
  | 'MapType'
  | 'OptionalType'
  | 'SparseTensorType'
  | 'OpaqueType'
  | 'TensorShapeProto'
  | 'Dimension'
  | 'OperatorSetIdProto'
  | 'StringStringEntryProto'
  | 'TensorAnnotation'
  | 'FunctionProto'
  | 'TrainingInfoProto'
  | 'DeviceConfigurationProto'
  | 'NodeDeviceConfigurationProto'
  | 'ShardingSpecProto'
  | 'ShardedDimProto'
  | 'SimpleShardedDimProto'
  | 'IntIntListEntryProto';

/**
 * The messages of onnx.proto, IR version 13, by field number. Fields that are not in here (of newer versions, or of
 * somebody's own) are kept as they are.
 */
export const schema: Readonly<Record<MessageName, Fields>> = {
  ModelProto: {
    1: one('irVersion', 'int64'),
    2: one('producerName', 'string'),
    3: one('producerVersion', 'string'),
    4: one('domain', 'string'),
    5: one('modelVersion', 'int64'),
    6: one('docString', 'string'),
    7: one('graph', 'GraphProto'),
    8: many('opsetImport', 'OperatorSetIdProto'),
    14: many('metadataProps', 'StringStringEntryProto'),
    20: many('trainingInfo', 'TrainingInfoProto'),
    25: many('functions', 'FunctionProto'),
    26: many('configuration', 'DeviceConfigurationProto'),
  },
  GraphProto: {
    1: many('node', 'NodeProto'),
    2: one('name', 'string'),
    5: many('initializer', 'TensorProto'),
    10: one('docString', 'string'),
    11: many('input', 'ValueInfoProto'),
    12: many('output', 'ValueInfoProto'),
    13: many('valueInfo', 'ValueInfoProto'),
    14: many('quantizationAnnotation', 'TensorAnnotation'),
    15: many('sparseInitializer', 'SparseTensorProto'),
    16: many('metadataProps', 'StringStringEntryProto'),
  },
  NodeProto: {
    1: many('input', 'string'),
    2: many('output', 'string'),
    3: one('name', 'string'),
    4: one('opType', 'string'),
    5: many('attribute', 'AttributeProto'),
    6: one('docString', 'string'),
    7: one('domain', 'string'),
    8: one('overload', 'string'),
    9: many('metadataProps', 'StringStringEntryProto'),
    10: many('deviceConfigurations', 'NodeDeviceConfigurationProto'),
  },
  AttributeProto: {
    1: one('name', 'string'),
    2: one('f', 'float'),
    3: one('i', 'int64'),
    4: one('s', 'bytes'),
    5: one('t', 'TensorProto'),
    6: one('g', 'GraphProto'),
    7: many('floats', 'float'),
    8: many('ints', 'int64'),
    9: many('strings', 'bytes'),
    10: many('tensors', 'TensorProto'),
    11: many('graphs', 'GraphProto'),
    13: one('docString', 'string'),
    14: one('tp', 'TypeProto'),
    15: many('typeProtos', 'TypeProto'),
    20: one('type', 'enum'),
    21: one('refAttrName', 'string'),
    22: one('sparseTensor', 'SparseTensorProto'),
    23: many('sparseTensors', 'SparseTensorProto'),
  },
  TensorProto: {
    1: many('dims', 'int64'),
    2: one('dataType', 'int32'),
    3: one('segment', 'TensorSegment'),
    4: run('floatData', 'float'),
    5: run('int32Data', 'int32'),
    6: many('stringData', 'bytes'),
    7: run('int64Data', 'int64'),
    8: one('name', 'string'),
    9: one('rawData', 'bytes'),
    10: run('doubleData', 'double'),
    11: run('uint64Data', 'uint64'),
    12: one('docString', 'string'),
    13: many('externalData', 'StringStringEntryProto'),
    14: one('dataLocation', 'enum'),
    16: many('metadataProps', 'StringStringEntryProto'),
  },
  TensorSegment: { 1: one('begin', 'int64'), 2: one('end', 'int64') },
  SparseTensorProto: { 1: one('values', 'TensorProto'), 2: one('indices', 'TensorProto'), 3: many('dims', 'int64') },
  ValueInfoProto: {
    1: one('name', 'string'),
    2: one('type', 'TypeProto'),
    3: one('docString', 'string'),
    4: many('metadataProps', 'StringStringEntryProto'),
  },
  TypeProto: {
    1: one('tensorType', 'TensorType'),
    4: one('sequenceType', 'SequenceType'),
    5: one('mapType', 'MapType'),
    6: one('denotation', 'string'),
    7: one('opaqueType', 'OpaqueType'),
    8: one('sparseTensorType', 'SparseTensorType'),
    9: one('optionalType', 'OptionalType'),
  },
  TensorType: { 1: one('elemType', 'int32'), 2: one('shape', 'TensorShapeProto') },
  SequenceType: { 1: one('elemType', 'TypeProto') },
  MapType: { 1: one('keyType', 'int32'), 2: one('valueType', 'TypeProto') },
  OptionalType: { 1: one('elemType', 'TypeProto') },
  SparseTensorType: { 1: one('elemType', 'int32'), 2: one('shape', 'TensorShapeProto') },
  OpaqueType: { 1: one('domain', 'string'), 2: one('name', 'string') },
  TensorShapeProto: { 1: many('dim', 'Dimension') },
  Dimension: { 1: one('dimValue', 'int64'), 2: one('dimParam', 'string'), 3: one('denotation', 'string') },
  OperatorSetIdProto: { 1: one('domain', 'string'), 2: one('version', 'int64') },
  StringStringEntryProto: { 1: one('key', 'string'), 2: one('value', 'string') },
  TensorAnnotation: { 1: one('tensorName', 'string'), 2: many('quantParameterTensorNames', 'StringStringEntryProto') },
  FunctionProto: {
    1: one('name', 'string'),
    4: many('input', 'string'),
    5: many('output', 'string'),
    6: many('attribute', 'string'),
    7: many('node', 'NodeProto'),
    8: one('docString', 'string'),
    9: many('opsetImport', 'OperatorSetIdProto'),
    10: one('domain', 'string'),
    11: many('attributeProto', 'AttributeProto'),
    12: many('valueInfo', 'ValueInfoProto'),
    13: one('overload', 'string'),
    14: many('metadataProps', 'StringStringEntryProto'),
  },
  TrainingInfoProto: {
    1: one('initialization', 'GraphProto'),
    2: one('algorithm', 'GraphProto'),
    3: many('initializationBinding', 'StringStringEntryProto'),
    4: many('updateBinding', 'StringStringEntryProto'),
  },
  DeviceConfigurationProto: { 1: one('name', 'string'), 2: one('numDevices', 'int32'), 3: many('device', 'string') },
  NodeDeviceConfigurationProto: {
    1: one('configurationId', 'string'),
    2: many('shardingSpec', 'ShardingSpecProto'),
    3: one('pipelineStage', 'int32'),
  },
  ShardingSpecProto: {
    1: one('tensorName', 'string'),
    2: many('device', 'int64'),
    3: many('indexToDeviceGroupMap', 'IntIntListEntryProto'),
    4: many('shardedDim', 'ShardedDimProto'),
  },
  ShardedDimProto: { 1: one('axis', 'int64'), 2: many('simpleSharding', 'SimpleShardedDimProto') },
  SimpleShardedDimProto: { 1: one('dimValue', 'int64'), 2: one('dimParam', 'string'), 3: one('numShards', 'int64') },
  IntIntListEntryProto: { 1: one('key', 'int64'), 2: many('value', 'int64') },
};

/** True for kinds that are messages themselves. */
export function isMessage(kind: FieldKind): kind is MessageName {
  return Object.hasOwn(schema, kind);
}
