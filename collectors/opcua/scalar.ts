import { DataType } from 'node-opcua-client';
import type { NodeId, StatusCode } from 'node-opcua-client';
import { exact, numberIn } from '../value.ts';
import type { Part } from './place.ts';

/** Undefined: not a value a tag of this kind can have. Null: the device had none. */
export function scalarOf(part: Part, kind: 'number' | 'text'): number | string | null | undefined {
  const { dataType, value, names } = part;
  if (dataType === DataType.Null || value === null || value === undefined) return null;
  const plain = (scalars[dataType] ?? finite)(value as never);
  if (kind === 'text') return nameOf(plain, names);
  return typeof plain === 'string' ? numberOf(dataType, plain) : plain;
}

const nameOf = (plain: number | string | undefined, names: Part['names']) =>
  typeof plain === 'number' ? (names?.get(plain) ?? plain) : plain;

/** Digits in a code are no number. */
const CODES: readonly DataType[] = [DataType.ByteString, DataType.Guid];
const numberOf = (dataType: DataType, text: string): number | string | undefined =>
  CODES.includes(dataType) ? undefined : numberIn(text);

const finite = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
const dateTime = (value: Date): string | undefined =>
  Number.isNaN(value.getTime()) ? undefined : value.toISOString();

/** How the library hands over what is not a plain number. */
const scalars: Partial<Record<DataType, (value: never) => number | string | undefined>> = {
  [DataType.Boolean]: (value: boolean) => (value ? 1 : 0),
  [DataType.Int64]: (value: [number, number]) => exact(BigInt.asIntN(64, joined(value))),
  [DataType.UInt64]: (value: [number, number]) => exact(joined(value)),
  [DataType.String]: (value: string) => value,
  [DataType.Guid]: (value: string) => value,
  [DataType.XmlElement]: (value: string) => value,
  [DataType.ByteString]: (value: Buffer) => value.toString('hex'),
  [DataType.LocalizedText]: ({ text }: { text?: string | null }) => text ?? '',
  [DataType.QualifiedName]: ({ name }: { name?: string | null }) => name ?? '',
  [DataType.NodeId]: (value: NodeId) => value.toString(),
  [DataType.ExpandedNodeId]: (value: NodeId) => value.toString(),
  [DataType.StatusCode]: (value: StatusCode) => value.name,
  [DataType.DateTime]: dateTime,
};

const joined = ([high, low]: [number, number]): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
