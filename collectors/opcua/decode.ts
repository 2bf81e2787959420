import { DataType, VariantArrayType } from 'node-opcua-client';
import type { DataValue, StatusCode, Variant } from 'node-opcua-client';
import type { Raw, Status } from '../../history/reading.ts';
import type { FaultKind, Point } from '../collector.ts';
import { absurdity, exact, numberIn } from '../value.ts';

interface Fault {
  readonly kind: FaultKind;
  readonly what: string;
  readonly remedy: string;
}

/** A reading, or none where its time cannot be right; and what was wrong with it, if anything. */
export interface Decoded {
  readonly reading?: Raw;
  readonly fault?: Fault;
}

/** What one notification says about a tag. `now` is the time of receipt, for values without a time of their own. */
export function decode(
  point: Pick<Point<unknown>, 'tag' | 'name' | 'kind'>,
  data: DataValue,
  now: number,
): Decoded {
  const at = timeOf(data, now);
  const absurd = absurdity(at, now);
  if (absurd !== undefined) return { fault: timestampFault(point.name, at, absurd) };

  const status = statusOf(data.statusCode);
  const value = valueOf(data.value, point.kind);
  if (value !== undefined) {
    const overflowed = isOverflow(data.statusCode);
    return {
      reading: { tag: point.tag, at, value, status: value === null ? 'bad' : status },
      ...(overflowed ? { fault: overflowFault(point.name) } : {}),
    };
  }
  return {
    reading: { tag: point.tag, at, value: null, status: 'bad' },
    fault: {
      kind: 'not a number',
      what: `${point.name}: the node holds ${describe(data.value)}, which is no ${point.kind}.`,
      remedy: "Point the tag at a scalar node, or change the tag's kind.",
    },
  };
}

/** The top two bits are the severity (OPC 10000-4, 7.39.1): 0 good, 1 uncertain, otherwise bad. */
export function statusOf(code: StatusCode): Status {
  const severity = code.value >>> 30;
  return severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad';
}

/** InfoType DataValue (bits 10 and 11) with the Overflow bit: the server threw samples away (OPC 10000-4, 7.39.1). */
const isOverflow = (code: StatusCode): boolean => (code.value & 0x0c80) === 0x0480;

/** Milliseconds with microseconds as the fraction: the library keeps what a Date cannot hold in picoseconds. */
function timeOf(data: DataValue, now: number): number {
  if (data.sourceTimestamp !== null) return precise(data.sourceTimestamp, data.sourcePicoseconds);
  if (data.serverTimestamp !== null) return precise(data.serverTimestamp, data.serverPicoseconds);
  return now;
}
const precise = (date: Date, picoseconds: number): number =>
  date.getTime() + Math.floor(picoseconds / 1_000_000) / 1000;

/** Undefined: not a value a tag of this kind can have. Null: the device had none. */
function valueOf(variant: Variant, kind: 'number' | 'text'): number | string | null | undefined {
  if (variant.dataType === DataType.Null || variant.value === null || variant.value === undefined)
    return null;
  if (variant.arrayType !== VariantArrayType.Scalar) return undefined;
  const value = scalar(variant.dataType, variant.value);
  if (kind === 'text' || typeof value !== 'string') return value;
  return numberIn(value);
}

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
  [DataType.LocalizedText]: ({ text }: { text?: string | null }) => text ?? '',
  [DataType.DateTime]: dateTime,
};
const scalar = (type: DataType, value: unknown): number | string | undefined =>
  (scalars[type] ?? finite)(value as never);

const joined = ([high, low]: [number, number]): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

function describe(variant: Variant): string {
  const type = DataType[variant.dataType];
  if (variant.arrayType !== VariantArrayType.Scalar) return `an array of ${type}`;
  return typeof variant.value === 'number' || typeof variant.value === 'string'
    ? `the ${type} ${JSON.stringify(String(variant.value).slice(0, 40))}`
    : `a ${type}`;
}

const timestampFault = (name: string, at: number, absurd: string): Fault => ({
  kind: 'timestamp',
  what: `${name}: its source time ${Number.isFinite(at) ? new Date(at).toISOString() : at} ${absurd}; not stored.`,
  remedy: "Set the clock of the device or of its server, and this machine's.",
});

const overflowFault = (name: string): Fault => ({
  kind: 'overflow',
  what: `${name}: the server's queue overflowed; samples between two publishings are lost.`,
  remedy: 'Raise queueSize, or samplingMs, or lower publishingMs of the source.',
});
