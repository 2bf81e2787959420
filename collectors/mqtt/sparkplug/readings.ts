import type { Raw, Status, TagId } from '../../../history/reading.ts';
import type { FaultKind, Point, Report } from '../../collector.ts';
import { absurdity } from '../../value.ts';
import type { SparkplugAddress } from './config.ts';
import { rawOf } from './raw-value.ts';
import type { Told } from './unit.ts';

const SHOWN = 80;
/** The smallest step that a time has in the store, in milliseconds. */
const MICROSECOND = 0.001;

type SparkplugPoint = Point<SparkplugAddress>;
/** A value as it came from a place. */
export interface Arrival {
  readonly place: string;
  readonly told: Told;
  readonly birth: boolean;
  readonly late: boolean;
}

/** The readings of the tags of this source. */
export interface Readings {
  of(arrival: Arrival, now: number): Raw[];
  /** The tags of a place are not connected any more, from the host's time on. Undefined: of all places. */
  gone(place: string | undefined, now: number): Raw[];
}

export function sparkplugReadings(points: readonly SparkplugPoint[], report: Report): Readings {
  const routes = routesOf(points);
  const last = new Map<TagId, { readonly at: number; readonly gone: boolean }>();
  const note = (tag: TagId, at: number, gone: boolean) => {
    if (gone || at >= (last.get(tag)?.at ?? -Infinity)) last.set(tag, { at, gone });
  };

  /** What a birth tells is so now, though it may be so for long: after a silence it has to be seen. */
  const seen = (tag: TagId, at: number, now: number): number => {
    const before = last.get(tag);
    return before?.gone === true && at <= before.at ? Math.max(now, before.at + MICROSECOND) : at;
  };

  const reading = (point: SparkplugPoint, arrival: Arrival, now: number): Raw | undefined => {
    const { told, late } = arrival;
    const { property } = point.address;
    const given = property === undefined ? told.value : told.properties.get(property);
    // Properties come with the birth, and when they change.
    if (property !== undefined && given === undefined) return undefined;
    const time = timeOf(arrival, now, (what, remedy) =>
      report.fault('timestamp', `${point.name}: ${what}`, remedy),
    );
    if (time === undefined) return undefined;
    const at = arrival.birth && !late ? seen(point.tag, time.at, now) : time.at;
    if (!late) note(point.tag, at, false);
    const value = rawOf(given, point, told.type);
    const past = late ? { late: true as const } : {};
    if (value !== undefined)
      return { tag: point.tag, at, value, status: worst(value, time.sure, told), ...past };
    unusable(report, point, arrival);
    return { tag: point.tag, at, value: null, status: 'bad', ...past };
  };

  return {
    of: (arrival, now) =>
      (routes.get(arrival.place)?.get(arrival.told.name) ?? [])
        .map((point) => reading(point, arrival, now))
        .filter((one) => one !== undefined),
    gone(place, now) {
      const there =
        place === undefined ? [...routes.values()] : [routes.get(place) ?? new Map<string, never>()];
      return there
        .flatMap((metrics) => [...metrics.values()].flat())
        .filter(({ tag }) => last.get(tag)?.gone !== true)
        .map(({ tag }): Raw => {
          const at = Math.max(now, (last.get(tag)?.at ?? 0) + MICROSECOND);
          note(tag, at, true);
          return { tag, at, value: null, status: 'bad', reason: 'not connected' };
        });
    },
  };
}

function routesOf(
  points: readonly SparkplugPoint[],
): ReadonlyMap<string, ReadonlyMap<string, SparkplugPoint[]>> {
  const places = new Map<string, Map<string, SparkplugPoint[]>>();
  for (const point of points) {
    const { sparkplug, metric } = point.address;
    const metrics = places.get(sparkplug) ?? new Map<string, SparkplugPoint[]>();
    places.set(sparkplug, metrics.set(metric, [...(metrics.get(metric) ?? []), point]));
  }
  return places;
}

/** Undefined: the time is absurd, and without it the value cannot be placed. */
function timeOf(
  { told: { at }, late }: Arrival,
  now: number,
  fault: (what: string, remedy: string) => void,
): { readonly at: number; readonly sure: boolean } | undefined {
  if (at === undefined) return { at: now, sure: true };
  const wrong = absurdity(at, now);
  if (wrong === undefined) return { at, sure: true };
  const instead = late ? 'not stored' : 'stored with the time of its arrival';
  fault(`the time ${at} ${wrong}; ${instead}.`, "Set the node's clock, for instance by NTP.");
  return late ? undefined : { at: now, sure: false };
}

/** The property `Quality` (6.4.9): 0 is bad, 192 good, 500 stale. */
function worst(value: number | string | null, sure: boolean, { properties }: Told): Status {
  const quality = properties.get('Quality') ?? 192;
  if (value === null || quality === 0) return 'bad';
  return quality === 192 && sure ? 'good' : 'uncertain';
}

function unusable(report: Report, { name, kind, address }: SparkplugPoint, { place, told }: Arrival): void {
  const kindOfFault: FaultKind = told.value === undefined ? 'malformed' : 'not a number';
  const what = `${name}: '${told.name.slice(0, SHOWN)}' of ${place.slice(0, SHOWN)} (${told.type}) holds nothing that a ${kind} tag can have.`;
  const remedy =
    address.index === undefined
      ? 'Choose the kind of the tag that fits; an array needs `index`, a template the path to a member.'
      : 'Leave `index` out where the metric is no array, or choose one that the array has.';
  report.fault(kindOfFault, what, remedy);
}
