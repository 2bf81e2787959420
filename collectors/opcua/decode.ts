import { DataType, VariantArrayType } from 'node-opcua-client';
import type { DataValue, StatusCode } from 'node-opcua-client';
import type { Raw, Status } from '../../history/reading.ts';
import type { FaultKind, Point } from '../collector.ts';
import { absurdity } from '../value.ts';
import { element, only } from './place.ts';
import type { Part, Step } from './place.ts';
import { scalarOf } from './scalar.ts';
import { follow } from './structure.ts';

/** How the values of one node become readings of a tag. */
export interface Reader extends Pick<Point<unknown>, 'tag' | 'name' | 'kind'> {
  readonly index?: readonly number[];
  /** The server was asked for the element alone. */
  readonly ranged?: boolean;
  readonly steps?: readonly Step[];
  /** What the numbers of an enumeration are called. */
  readonly names?: ReadonlyMap<number, string>;
  readonly timestamps?: 'source' | 'server';
}
export interface Fault {
  readonly kind: FaultKind;
  readonly what: string;
  readonly remedy: string;
}
/** A reading, or none where its time cannot be right; and what was wrong with it, if anything. */
export interface Decoded {
  readonly reading?: Raw;
  readonly fault?: Fault;
  /** The server threw samples away before this one. */
  readonly overflowed?: boolean;
}

/** What one notification says about a tag. `now` is the time of receipt, for values without a time of their own. */
export function decode(reader: Reader, data: DataValue, now: number): Decoded {
  const at = timeOf(data, reader.timestamps ?? 'source', now);
  const absurd = absurdity(at, now);
  if (absurd !== undefined) return { fault: timestampFault(reader.name, at, absurd) };

  const { tag } = reader;
  const part = partOf(reader, data);
  const value = part === undefined ? undefined : valueOf(part, reader.kind);
  if (value === undefined)
    return { reading: { tag, at, value: null, status: 'bad' }, fault: valueFault(reader, data.value, part) };
  const reading: Raw = { tag, at, value, status: value === null ? 'bad' : statusOf(data.statusCode) };
  if (!isOverflow(data.statusCode)) return { reading };
  return { reading, overflowed: true, fault: overflowFault(reader.name) };
}

/** The top two bits are the severity (OPC 10000-4, 7.39.1): 0 good, 1 uncertain, otherwise bad. */
export function statusOf(code: StatusCode): Status {
  const severity = code.value >>> 30;
  return severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad';
}

/** InfoType DataValue (bits 10 and 11) with the Overflow bit: the server threw samples away (OPC 10000-4, 7.39.1). */
const isOverflow = (code: StatusCode): boolean => (code.value & 0x0c80) === 0x0480;

/** Milliseconds with microseconds as the fraction: the library keeps what a Date cannot hold in picoseconds. */
function timeOf(data: DataValue, timestamps: 'source' | 'server', now: number): number {
  const source = data.sourceTimestamp && precise(data.sourceTimestamp, data.sourcePicoseconds);
  const server = data.serverTimestamp && precise(data.serverTimestamp, data.serverPicoseconds);
  return (timestamps === 'source' ? (source ?? server) : (server ?? source)) ?? now;
}
const precise = (date: Date, picoseconds: number): number =>
  date.getTime() + Math.floor(picoseconds / 1_000_000) / 1000;

/** What the tag means of the node's value. A value with a bad status may be missing altogether. */
function partOf({ index, ranged, steps, names }: Reader, { value }: DataValue): Part | undefined {
  let part: Part | undefined = value;
  if (value.dataType === DataType.Null) return part;
  if (index !== undefined) part = (ranged === true ? only(part) : undefined) ?? element(part, index);
  if (steps !== undefined && part !== undefined) part = follow(part, steps);
  return part === undefined || names === undefined ? part : { names, ...part };
}

function valueOf(part: Part, kind: Reader['kind']): number | string | null | undefined {
  if (part.arrayType !== VariantArrayType.Scalar && part.value !== null) return undefined;
  return scalarOf(part, kind);
}

function valueFault({ name, kind, index, steps }: Reader, value: Part, part: Part | undefined): Fault {
  if (part === undefined) {
    const place = steps === undefined ? `no element ${index?.join(',') ?? ''}` : 'no such member';
    return {
      kind: 'refused address',
      what: `${name}: the node holds ${describe(value)}, which has ${place}.`,
      remedy: "Check index and path of the tag's address against the type of the node.",
    };
  }
  if (part.dataType === DataType.ExtensionObject) {
    return {
      kind: 'malformed',
      what: `${name}: the node holds a structure, which is no ${kind}.`,
      remedy: 'Name a member of it as the path of the address. The server must describe the type.',
    };
  }
  return {
    kind: 'not a number',
    what: `${name}: the node holds ${describe(part)}, which is no ${kind}.`,
    remedy: "Point the tag at a scalar node, give the address an index, or change the tag's kind.",
  };
}

function describe({ dataType, arrayType, value }: Part): string {
  const type = DataType[dataType];
  if (arrayType !== VariantArrayType.Scalar) return `an array of ${type}`;
  return typeof value === 'number' || typeof value === 'string'
    ? `the ${type} ${JSON.stringify(String(value).slice(0, 40))}`
    : `a ${type}`;
}

const timestampFault = (name: string, at: number, absurd: string): Fault => ({
  kind: 'timestamp',
  what: `${name}: its time ${Number.isFinite(at) ? new Date(at).toISOString() : at} ${absurd}; not stored.`,
  remedy: "Set the clock of the device or of its server, and this machine's.",
});

const overflowFault = (name: string): Fault => ({
  kind: 'overflow',
  what: `${name}: the server's queue overflowed; samples between two publishings are lost.`,
  remedy: 'Raise queueSize, or samplingMs, or lower publishingMs of the source.',
});
