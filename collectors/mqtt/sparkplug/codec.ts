import { unpacked } from './compression.ts';
import { DELIMITED, FIXED32, FIXED64, Malformed, Reader, VARINT } from './reader.ts';
import type { Long } from './reader.ts';
import { PAYLOAD } from './schema.ts';
import type { Field, Message, Metric, Payload, Scalar } from './schema.ts';
import { Writer } from './writer.ts';

/** Metrics in templates in metrics: deeper ones are an attack. */
const DEEPEST = 16;
/** Fields in one payload: an empty one takes two bytes of the message, and a hundred of memory. */
const MOST_PARTS = 1_000_000;
/** Of a body after decompression. */
const LARGEST_BODY = 8 * 1024 * 1024;

/** Reads a payload, decompressed if need be. Throws `Malformed`. Unknown fields are passed over. */
export function decodePayload(bytes: Uint8Array): Payload {
  const outer = decodePlain(bytes);
  const body = unpacked(outer, LARGEST_BODY);
  if (body === undefined) return outer;
  const inner = decodePlain(body);
  // The sequence number of the outer one counts (6.4.27); who put it only inside is understood too.
  return {
    ...inner,
    ...(outer.seq === undefined ? {} : { seq: outer.seq }),
    ...(outer.timestamp === undefined ? {} : { timestamp: outer.timestamp }),
  };
}

export const encodePayload = (payload: Partial<Payload>): Buffer => encodeMessage(PAYLOAD, payload);

const decodePlain = (bytes: Uint8Array): Payload => {
  const { timestamp, metrics, seq, uuid, body } = decodeMessage(bytes, PAYLOAD, {
    depth: 0,
    parts: { left: MOST_PARTS },
  });
  return { ...present({ timestamp, seq, uuid, body }), metrics: metrics as Metric[] };
};

const present = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

interface Bounds {
  readonly depth: number;
  readonly parts: { left: number };
}

function decodeMessage(bytes: Uint8Array, message: Message, bounds: Bounds): Record<string, unknown> {
  if (bounds.depth > DEEPEST) throw new Malformed(`it nests more than ${DEEPEST} levels`);
  const found: Record<string, unknown> = {};
  for (const { name, repeated } of message.fields.values()) if (repeated === true) found[name] = [];
  const reader = new Reader(bytes);
  while (!reader.done) {
    const { field: number, wire } = reader.tag();
    const field = message.fields.get(number);
    if (field === undefined) reader.skip(wire);
    else take(reader, { field, wire }, found, bounds);
  }
  return found;
}

function take(
  reader: Reader,
  { field, wire }: { field: Field; wire: number },
  found: Record<string, unknown>,
  bounds: Bounds,
): void {
  const { name, type, choice } = field;
  if (typeof type === 'string' && field.repeated === true && wire === DELIMITED && wireOf(type) === VARINT) {
    takePacked(reader.bytes(), found[name] as unknown[], bounds);
  } else if (wire !== wireOf(type)) {
    reader.skip(wire); // as for a field that is not known: what every implementation does
  } else {
    const value = typeof type === 'string' ? reader[type]() : takePart(reader.bytes(), type, bounds);
    count(bounds);
    if (field.repeated === true) (found[name] as unknown[]).push(value);
    else found[name] = choice === undefined ? value : { in: choice, value };
  }
}

const takePart = (bytes: Uint8Array, type: Message, { depth, parts }: Bounds): Record<string, unknown> =>
  decodeMessage(bytes, type, { depth: depth + 1, parts });

function takePacked(bytes: Uint8Array, into: unknown[], bounds: Bounds): void {
  const packed = new Reader(bytes);
  while (!packed.done) {
    count(bounds);
    into.push(packed.uint32());
  }
}

function count({ parts }: Bounds): void {
  if (--parts.left < 0) throw new Malformed(`it has more than ${MOST_PARTS} fields`);
}

function wireOf(type: Scalar | Message): number {
  if (type === 'uint32' || type === 'uint64' || type === 'bool') return VARINT;
  if (type === 'float') return FIXED32;
  return type === 'double' ? FIXED64 : DELIMITED;
}

function encodeMessage(message: Message, from: Readonly<Record<string, unknown>>): Buffer {
  const writer = new Writer();
  for (const [number, field] of message.fields) {
    const value = valueOf(field, from[field.name]);
    const values = field.repeated === true ? ((value ?? []) as unknown[]) : [value];
    for (const one of values) if (one !== undefined) put(writer, number, field.type, one);
  }
  return writer.done();
}

/** Of a choice only the field that was chosen. */
function valueOf({ choice }: Field, value: unknown): unknown {
  if (choice === undefined || value === undefined) return value;
  const chosen = value as { in: string; value: unknown };
  return chosen.in === choice ? chosen.value : undefined;
}

function put(writer: Writer, number: number, type: Scalar | Message, value: unknown): void {
  if (typeof type !== 'string') {
    writer.delimited(number, encodeMessage(type, value as Readonly<Record<string, unknown>>));
    return;
  }
  if (type === 'string' || type === 'bytes') {
    writer.delimited(number, type === 'string' ? Buffer.from(value as string) : (value as Uint8Array));
    return;
  }
  writer.tag(number, wireOf(type));
  if (type === 'float') writer.float(value as number);
  else if (type === 'double') writer.double(value as number);
  else writer.uint64(type === 'bool' ? Number(value) : (value as Long));
}
