import type { Point, Report } from '../collector.ts';
import { parsePath } from '../path.ts';
import type { Path } from '../path.ts';
import { resolve } from './address.ts';
import type { Mapping, MqttAddress, Resolved } from './address.ts';
import { hasWildcard, topicTree } from './filter.ts';
import { worth } from './worth.ts';
import type { Worth } from './worth.ts';

/** What a point takes from a message of one topic. */
export interface Route {
  readonly point: Pick<Point<unknown>, 'tag' | 'name' | 'kind'>;
  readonly address: Resolved;
  readonly value: Path;
  readonly time: Path | undefined;
  readonly status: Path | undefined;
  readonly worth: Worth;
  readonly map: ReadonlyMap<string, number | string> | undefined;
  /** Where the records are, in a message that holds many. */
  readonly records: Path | undefined;
}

export interface Routes {
  /** The filters that bring the messages. */
  readonly topics: readonly string[];
  of(topic: string): readonly Route[] | undefined;
}

/** Where each topic goes. An address that leads nowhere is reported, and the rest goes on. */
export function routesOf(
  points: readonly Point<MqttAddress>[],
  mappings: Readonly<Record<string, Mapping>>,
  report: Report,
): Routes {
  const exact = new Map<string, Route[]>();
  const wild = topicTree<Route>();
  const filters = new Set<string>();
  const add = (topic: string, route: Route) => {
    if (hasWildcard(topic)) {
      filters.add(topic);
      wild.add(topic, route);
    } else {
      const there = exact.get(topic);
      if (there === undefined) exact.set(topic, [route]);
      else there.push(route);
    }
  };
  for (const { address, ...point } of points) {
    const resolved = resolve(address, mappings);
    if (typeof resolved === 'string') {
      const what = `${point.name}: its address leads nowhere: ${resolved}.`;
      report.fault('refused address', what, "Compare the address with the source's `mappings`.");
      continue;
    }
    const { history, records, each } = resolved;
    const route = routeOf(point, resolved);
    add(resolved.topic, { ...route, records: optional(records) });
    if (history !== undefined) add(history, { ...route, records: parsePath(each) ?? [] });
  }
  return {
    topics: [...exact.keys(), ...filters],
    of(topic) {
      const direct = exact.get(topic);
      if (filters.size === 0) return direct;
      const others = wild.match(topic);
      return others.length === 0 ? direct : [...(direct ?? []), ...others];
    },
  };
}

const optional = (path: string | undefined): Path | undefined =>
  path === undefined ? undefined : parsePath(path);

const routeOf = (point: Route['point'], address: Resolved): Omit<Route, 'records'> => ({
  point,
  address,
  value: parsePath(address.value) ?? [],
  time: optional(address.time),
  status: optional(address.status),
  worth: worth(address.statusMap ?? {}),
  map: address.map === undefined ? undefined : new Map(Object.entries(address.map)),
});
