import type { Long } from './reader.ts';

// sparkplug_b.proto as data: field number to name and type. Sparkplug 3.0, section 6.4.

export type Scalar = 'uint32' | 'uint64' | 'bool' | 'string' | 'bytes' | 'float' | 'double';
export interface Field {
  readonly name: string;
  readonly type: Scalar | Message;
  readonly repeated?: boolean;
  /** One of several fields of which only the last counts: it is kept as `{ in: name, value }`. */
  readonly choice?: string;
}
export interface Message {
  readonly fields: ReadonlyMap<number, Field>;
  /** The same by name. */
  readonly numbers: ReadonlyMap<string, number>;
}

export interface Wire<In extends string, Value> {
  readonly in: In;
  readonly value: Value;
}
type Plain =
  | Wire<'int', number>
  | Wire<'long', Long>
  | Wire<'float' | 'double', number>
  | Wire<'boolean', boolean>
  | Wire<'string', string>
  | Wire<'extension', Uint8Array>;
/** A value as it stands in the message: what it means depends on the data type. */
export type WireValue =
  | Plain
  | Wire<'bytes', Uint8Array>
  | Wire<'dataset', DataSet>
  | Wire<'template', Template>
  | Wire<'properties', PropertySet>
  | Wire<'propertyList', PropertySetList>;

export interface Payload {
  timestamp?: Long;
  metrics: Metric[];
  seq?: Long;
  uuid?: string;
  body?: Uint8Array;
}
export interface Metric {
  name?: string;
  alias?: Long;
  timestamp?: Long;
  datatype?: number;
  isHistorical?: boolean;
  isTransient?: boolean;
  isNull?: boolean;
  metadata?: MetaData;
  properties?: PropertySet;
  value?: WireValue;
}
export interface MetaData {
  isMultiPart?: boolean;
  contentType?: string;
  size?: Long;
  seq?: Long;
  fileName?: string;
  fileType?: string;
  md5?: string;
  description?: string;
}
export interface PropertySet {
  keys: string[];
  values: PropertyValue[];
}
export interface PropertySetList {
  sets: PropertySet[];
}
export interface PropertyValue {
  type?: number;
  isNull?: boolean;
  value?: WireValue;
}
export interface DataSet {
  columnCount?: Long;
  columns: string[];
  types: number[];
  rows: Row[];
}
export interface Row {
  elements: Element[];
}
export interface Element {
  value?: WireValue;
}
export interface Template {
  version?: string;
  metrics: Metric[];
  parameters: Parameter[];
  templateRef?: string;
  isDefinition?: boolean;
}
export interface Parameter {
  name?: string;
  type?: number;
  value?: WireValue;
}

type Line = readonly [number, string, Scalar | Message, 'repeated'?];

/** Made before it is filled: templates hold metrics that hold templates. */
const message = (): Message => ({ fields: new Map(), numbers: new Map() });

function fill(into: Message, lines: readonly Line[], choice: readonly Line[] = []): void {
  const fields = into.fields as Map<number, Field>;
  const numbers = into.numbers as Map<string, number>;
  for (const [number, name, type, repeated] of lines) {
    fields.set(number, { name, type, repeated: repeated !== undefined });
    numbers.set(name, number);
  }
  for (const [number, name, type] of choice) {
    fields.set(number, { name: 'value', type, choice: name });
    numbers.set(name, number);
  }
}

/** The six plain kinds of value stand in the same order everywhere, but begin at another number. */
const plain = (from: number): Line[] => [
  [from, 'int', 'uint32'],
  [from + 1, 'long', 'uint64'],
  [from + 2, 'float', 'float'],
  [from + 3, 'double', 'double'],
  [from + 4, 'boolean', 'bool'],
  [from + 5, 'string', 'string'],
];

export const PAYLOAD = message();
const METRIC = message();
const METADATA = message();
const PROPERTY_SET = message();
const PROPERTY_SET_LIST = message();
const PROPERTY_VALUE = message();
const DATASET = message();
const ROW = message();
const ELEMENT = message();
const TEMPLATE = message();
const PARAMETER = message();

fill(PAYLOAD, [
  [1, 'timestamp', 'uint64'],
  [2, 'metrics', METRIC, 'repeated'],
  [3, 'seq', 'uint64'],
  [4, 'uuid', 'string'],
  [5, 'body', 'bytes'],
]);
fill(
  METRIC,
  [
    [1, 'name', 'string'],
    [2, 'alias', 'uint64'],
    [3, 'timestamp', 'uint64'],
    [4, 'datatype', 'uint32'],
    [5, 'isHistorical', 'bool'],
    [6, 'isTransient', 'bool'],
    [7, 'isNull', 'bool'],
    [8, 'metadata', METADATA],
    [9, 'properties', PROPERTY_SET],
  ],
  [
    ...plain(10),
    [16, 'bytes', 'bytes'],
    [17, 'dataset', DATASET],
    [18, 'template', TEMPLATE],
    [19, 'extension', 'bytes'],
  ],
);
fill(METADATA, [
  [1, 'isMultiPart', 'bool'],
  [2, 'contentType', 'string'],
  [3, 'size', 'uint64'],
  [4, 'seq', 'uint64'],
  [5, 'fileName', 'string'],
  [6, 'fileType', 'string'],
  [7, 'md5', 'string'],
  [8, 'description', 'string'],
]);
fill(PROPERTY_SET, [
  [1, 'keys', 'string', 'repeated'],
  [2, 'values', PROPERTY_VALUE, 'repeated'],
]);
fill(PROPERTY_SET_LIST, [[1, 'sets', PROPERTY_SET, 'repeated']]);
fill(
  PROPERTY_VALUE,
  [
    [1, 'type', 'uint32'],
    [2, 'isNull', 'bool'],
  ],
  [
    ...plain(3),
    [9, 'properties', PROPERTY_SET],
    [10, 'propertyList', PROPERTY_SET_LIST],
    [11, 'extension', 'bytes'],
  ],
);
fill(DATASET, [
  [1, 'columnCount', 'uint64'],
  [2, 'columns', 'string', 'repeated'],
  [3, 'types', 'uint32', 'repeated'],
  [4, 'rows', ROW, 'repeated'],
]);
fill(ROW, [[1, 'elements', ELEMENT, 'repeated']]);
fill(ELEMENT, [], [...plain(1), [7, 'extension', 'bytes']]);
fill(TEMPLATE, [
  [1, 'version', 'string'],
  [2, 'metrics', METRIC, 'repeated'],
  [3, 'parameters', PARAMETER, 'repeated'],
  [4, 'templateRef', 'string'],
  [5, 'isDefinition', 'bool'],
]);
fill(
  PARAMETER,
  [
    [1, 'name', 'string'],
    [2, 'type', 'uint32'],
  ],
  [...plain(3), [9, 'extension', 'bytes']],
);
