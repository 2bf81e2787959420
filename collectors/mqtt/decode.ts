import type { Raw } from '../../history/reading.ts';
import type { Point, Report } from '../collector.ts';
import { follow } from '../path.ts';
import { readPayload } from '../payload.ts';
import { parseTime } from '../time.ts';
import { absurdity, numberIn } from '../value.ts';
import type { Mapping, MqttAddress } from './address.ts';
import type { Message } from './message.ts';
import { routesOf } from './route.ts';
import type { Route } from './route.ts';
import { shown } from './shown.ts';
import type { Decoder } from './taker.ts';

const HEAD = 60;
/** A longer text is no value of a plant. */
const LONGEST_TEXT = 1024;

/** What a record is read with. */
interface Context {
  readonly message: Message;
  readonly report: Report;
  readonly readings: Raw[];
}

/** Reads messages by the addresses of the tags. */
export function decoder(
  points: readonly Point<MqttAddress>[],
  mappings: Readonly<Record<string, Mapping>>,
  report: Report,
): Decoder {
  const routes = routesOf(points, mappings, report);
  return {
    topics: routes.topics,
    decode(message) {
      const takers = routes.of(message.topic);
      if (takers === undefined) {
        const remedy = 'Make it a tag in the topic explorer, or stop publishing it.';
        report.fault('unknown topic', `No tag takes ${shown(message.topic)}.`, remedy);
        return [];
      }
      const context = { message, report, readings: [] };
      readMessage(takers, context);
      return context.readings;
    },
  };
}

function readMessage(takers: readonly Route[], context: Context): void {
  const { message } = context;
  const content = readPayload(message.payload);
  if (content.kind === 'malformed' && takers.every(({ address }) => address.separator === undefined)) {
    malformed(context, content.why);
    return;
  }
  const document = content.kind === 'document' ? content.document : undefined;
  for (const route of takers) {
    const { separator } = route.address;
    if (message.retained && !welcome(route)) continue;
    if (separator !== undefined) readRoute(route, cells(message.payload, separator, route), context);
    else readRoute(route, content.kind === 'text' ? content.text : document, context);
  }
}

/** Without its own time, nobody knows how old a retained message is: at a reconnect it would pose as a new reading. */
const welcome = ({ address, time }: Route): boolean =>
  address.retained === 'use' || (address.retained === 'timed' && time !== undefined);

function cells(payload: Uint8Array, separator: string, { records }: Route): unknown {
  const lines = Buffer.from(payload)
    .toString()
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  const rows = lines.map((line) => line.split(separator).map((cell) => cell.trim()));
  return records === undefined ? rows[0] : rows;
}

function readRoute(route: Route, document: unknown, context: Context): void {
  if (route.records === undefined) {
    readRecord(route, document, context);
    return;
  }
  const records = follow(document, route.records);
  if (Array.isArray(records)) for (const record of records) readRecord(route, record, context);
  else malformed(context, `there is no list at ${route.address.records ?? route.address.each}`);
}

function readRecord(route: Route, record: unknown, context: Context): void {
  const { point, address } = route;
  const { message, report, readings } = context;
  const found = follow(record, route.value);
  if (found === undefined) {
    malformed(context, `there is nothing at ${address.value}`);
    return;
  }
  const at = timeOf(route, record, context);
  if (at === undefined) return;
  const value = valueOf(found, route);
  if (value === undefined) {
    report.fault(
      'not a number',
      `${point.name}: ${shown(message.topic)} holds ${shown(JSON.stringify(found))} where a ${point.kind} is due.`,
      "Look at the device's format: one plain number, with a point for the decimals; or change path, map or kind of the tag.",
    );
  }
  const status = value === undefined || value === null ? 'bad' : statusOf(route, record, context);
  readings.push({ tag: point.tag, at, value: value ?? null, status });
}

/** Undefined: reported and not to be stored. */
function timeOf({ point, time }: Route, record: unknown, { message, report }: Context): number | undefined {
  if (time === undefined) return message.at;
  const found = follow(record, time);
  const at = parseTime(found);
  const wrong = at === undefined ? 'is no time with a zone' : absurdity(at, message.at);
  if (wrong === undefined) return at;
  report.fault(
    'timestamp',
    `${point.name}: the time ${shown(JSON.stringify(found ?? null))} in ${shown(message.topic)} ${wrong}; not stored.`,
    "Set the device's clock; send ISO 8601 with a zone, or s, ms, µs or ns since 1970.",
  );
  return undefined;
}

/** Undefined: not a value a tag of this kind can have. */
function valueOf(found: unknown, { point, map }: Route): number | string | null | undefined {
  if (found === null) return null;
  const mapped = map?.get(textOf(found));
  if (mapped !== undefined) return mapped;
  if (typeof found === 'boolean') return Number(found);
  if (typeof found === 'number') return Number.isFinite(found) ? found : undefined;
  if (typeof found !== 'string') return undefined;
  return point.kind === 'number' ? numberIn(found) : textIn(found);
}

const textIn = (found: string): string | undefined => (found.length <= LONGEST_TEXT ? found : undefined);

const textOf = (found: unknown): string => (typeof found === 'string' ? found.trim() : JSON.stringify(found));

function statusOf(route: Route, record: unknown, { message, report }: Context): Raw['status'] {
  if (route.status === undefined) return 'good';
  const found = follow(record, route.status);
  const status = found === undefined ? undefined : route.worth(found);
  if (status !== undefined) return status;
  report.fault(
    'malformed',
    `${route.point.name}: ${shown(message.topic)} says ${shown(JSON.stringify(found ?? null))} at ${route.address.status ?? '$'}, where good, uncertain or bad is due.`,
    'Say in `statusMap` of the address what the device means by it; until then its values are uncertain.',
  );
  return 'uncertain';
}

const malformed = ({ message, report }: Context, why: string) =>
  report.fault(
    'malformed',
    `The message at ${shown(message.topic)} cannot be read: ${why}. It begins with ${shown(Buffer.from(message.payload.subarray(0, HEAD)).toString())}`,
    "Compare the device's format with the tag's address.",
  );
