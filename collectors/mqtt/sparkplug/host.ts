import { decodePayload } from './codec.ts';
import { EdgeNode } from './node.ts';
import type { Event } from './node.ts';
import { Malformed } from './reader.ts';
import type { NodeTopic } from './topic.ts';
import type { Unit } from './unit.ts';

/** More are not followed: anyone who may publish could name a million. */
const MOST_NODES = 5_000;

/** What happened at a node. */
export interface News {
  /** group/node */
  readonly node: string;
  readonly events: readonly Event[];
}

/** All nodes that are heard. It knows no clock and no broker: `now` and messages come in, what follows goes out. */
export interface Host {
  receive(topic: NodeTopic, payload: Uint8Array, now: number): News;
  tick(now: number): readonly News[];
  /** Asks a node for its births, whether it was heard or not. */
  ask(node: string, now: number): News;
  /** A node or a device by its place: group/node or group/node/device. */
  unit(place: string): Unit | undefined;
  /** All places that are known. */
  places(): readonly string[];
}

export function createHost(reorderMs: number): Host {
  const nodes = new Map<string, EdgeNode>();
  const nodeAt = (key: string): EdgeNode | undefined => {
    const known = nodes.get(key);
    if (known !== undefined || nodes.size >= MOST_NODES) return known;
    const node = new EdgeNode(reorderMs);
    nodes.set(key, node);
    return node;
  };

  return {
    receive(topic, payload, now) {
      const node = `${topic.group}/${topic.node}`;
      const edge = nodeAt(node);
      if (edge === undefined) return { node, events: [tooMany] };
      try {
        return { node, events: edge.receive({ ...topic, payload: decodePayload(payload) }, now) };
      } catch (err) {
        if (!(err instanceof Malformed)) throw err;
        const what = `A ${topic.type} of ${topic.device ?? 'the node'} cannot be read: ${err.message}`;
        return { node, events: [{ type: 'fault', what, remedy: MALFORMED_REMEDY }] };
      }
    },
    tick: (now) =>
      [...nodes]
        .map(([node, edge]) => ({ node, events: edge.tick(now) }))
        .filter(({ events }) => events.length > 0),
    ask: (node, now) => ({ node, events: nodeAt(node)?.ask(now) ?? [] }),
    unit(place) {
      const [group = '', node = '', device] = place.split('/');
      return nodes.get(`${group}/${node}`)?.units.get(device);
    },
    places: () =>
      [...nodes].flatMap(([node, { units }]) => [...units.keys()].map((device) => placeOf(node, device))),
  };
}

export const placeOf = (node: string, device: string | undefined): string =>
  device === undefined ? node : `${node}/${device}`;

const MALFORMED_REMEDY =
  'Look at the node: it must send Sparkplug B, and a broker between must not change it.';
const tooMany: Event = {
  type: 'fault',
  what: `More than ${MOST_NODES} nodes are talking; this one is not followed`,
  remedy: 'Name the groups that this source is to follow in `sparkplug.groups`.',
};
