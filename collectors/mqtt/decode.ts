import type { Raw } from '../../history/reading.ts';
import type { Point, Report } from '../collector.ts';
import { follow, parsePath } from '../path.ts';
import type { Path } from '../path.ts';
import { readPayload } from '../payload.ts';
import { parseTime } from '../time.ts';
import type { Decoder } from './taker.ts';
import { absurdity, numberIn } from '../value.ts';
import type { MqttAddress } from './config.ts';

const SHOWN = 60;
/** A longer text is no value of a plant. */
const LONGEST_TEXT = 1024;

/** What a point takes from a message of one topic. */
interface Route {
  readonly point: Point<MqttAddress>;
  readonly value: Path;
  readonly time: Path | undefined;
  /** Where the records are, in a message that holds many. */
  readonly each: Path | undefined;
}

export function decoder(points: readonly Point<MqttAddress>[], report: Report): Decoder {
  const routes = routesOf(points);
  return {
    topics: [...routes.keys()],
    decode({ topic, payload, at: now }) {
      const takers = routes.get(topic);
      if (takers === undefined) {
        report.fault(
          'unknown topic',
          `No tag takes ${shown(topic)}.`,
          'Add a tag for it, or stop publishing it.',
        );
        return [];
      }
      const content = readPayload(payload);
      if (content.kind === 'malformed') {
        malformed(report, topic, payload, content.why);
        return [];
      }
      const document = content.kind === 'text' ? content.text : content.document;
      return takers.flatMap((route) => readings(route, document, now, { topic, payload, report }));
    },
  };
}

function routesOf(points: readonly Point<MqttAddress>[]): Map<string, Route[]> {
  const routes = new Map<string, Route[]>();
  const add = (topic: string, route: Route) => {
    const there = routes.get(topic);
    if (there === undefined) routes.set(topic, [route]);
    else there.push(route);
  };
  for (const point of points) {
    const { topic, history, ...paths } = point.address;
    const value = parsePath(paths.value) ?? [];
    const time = paths.time === undefined ? undefined : parsePath(paths.time);
    add(topic, { point, value, time, each: undefined });
    if (history !== undefined) add(history, { point, value, time, each: parsePath(paths.each) ?? [] });
  }
  return routes;
}

interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly report: Report;
}

function readings(route: Route, document: unknown, now: number, message: Message): Raw[] {
  if (route.each === undefined)
    return [reading(route, document, now, message)].filter((one) => one !== undefined);
  const records = follow(document, route.each);
  if (!Array.isArray(records)) {
    malformed(
      message.report,
      message.topic,
      message.payload,
      `there is no list at ${route.point.address.each}`,
    );
    return [];
  }
  return records
    .map((record: unknown) => reading(route, record, now, message))
    .filter((one) => one !== undefined);
}

function reading(route: Route, record: unknown, now: number, message: Message): Raw | undefined {
  const { point } = route;
  const found = follow(record, route.value);
  if (found === undefined) {
    malformed(message.report, message.topic, message.payload, `there is nothing at ${point.address.value}`);
    return undefined;
  }
  const at = timeOf(route, record, now, message);
  if (at === undefined) return undefined;
  const value = valueOf(found, point.kind);
  if (value !== undefined) return { tag: point.tag, at, value, status: value === null ? 'bad' : 'good' };
  message.report.fault(
    'not a number',
    `${point.name}: ${shown(message.topic)} holds ${shown(JSON.stringify(found))} where a ${point.kind} is due.`,
    "Look at the device's format: one plain number, with a point for the decimals; or change path or kind of the tag.",
  );
  return { tag: point.tag, at, value: null, status: 'bad' };
}

/** Undefined: reported and not to be stored. */
function timeOf({ point, time }: Route, record: unknown, now: number, message: Message): number | undefined {
  if (time === undefined) return now;
  const found = follow(record, time);
  const at = parseTime(found);
  const wrong = at === undefined ? 'is no time with a zone' : absurdity(at, now);
  if (wrong === undefined) return at;
  message.report.fault(
    'timestamp',
    `${point.name}: the time ${shown(JSON.stringify(found ?? null))} in ${shown(message.topic)} ${wrong}; not stored.`,
    "Set the device's clock; send ISO 8601 with a zone, or seconds or milliseconds since 1970.",
  );
  return undefined;
}

/** Undefined: not a value a tag of this kind can have. */
function valueOf(found: unknown, kind: 'number' | 'text'): number | string | null | undefined {
  if (found === null) return null;
  if (typeof found === 'boolean') return found ? 1 : 0;
  if (typeof found === 'number') return Number.isFinite(found) ? found : undefined;
  if (typeof found !== 'string') return undefined;
  if (kind === 'number') return numberIn(found);
  return found.length <= LONGEST_TEXT ? found : undefined;
}

const malformed = (report: Report, topic: string, payload: Uint8Array, why: string) =>
  report.fault(
    'malformed',
    `The message at ${shown(topic)} cannot be read: ${why}. It begins with ${shown(Buffer.from(payload.subarray(0, SHOWN)).toString())}`,
    "Compare the device's format with the tag's address.",
  );

/** Foreign text in a message of ours: short and on one line. */
const shown = (text: string): string =>
  (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text).replace(/\p{Cc}/gu, '·');
