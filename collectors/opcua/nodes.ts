import { coerceNodeId } from 'node-opcua-client';
import type { NodeId } from 'node-opcua-client';
import type { OpcuaConfig } from './config.ts';
import { createItems, isServiceFault } from './items.ts';
import type { Item, Refusal, Watch, Wish } from './items.ts';
import { chunks } from './limits.ts';
import type { Limits } from './limits.ts';
import type { Session } from './session.ts';
import { drop } from './subscription.ts';
import type { Subscription } from './subscription.ts';

/** Where points are watched. */
export interface Server {
  readonly session: Session;
  readonly config: OpcuaConfig;
  readonly limits: Limits;
  readonly subscriptions: Subscription[];
  /** Makes one more, which is already listened to. */
  readonly subscribe: () => Promise<Subscription>;
  /** Told of a node that the server delivers, but not in the way that was asked for. */
  readonly conceded: (watch: Watch, wish: Wish, why: string) => void;
  /** The server has refused to make more subscriptions: those that are there take all nodes. */
  enough: boolean;
}

/** The node's id in this server's own numbering, or undefined: the server does not know the namespace. */
export function resolve(node: string, namespaces: readonly string[]): NodeId | undefined {
  const uri = /^nsu=([^;]+);/.exec(node);
  if (uri === null) return coerceNodeId(node);
  const index = namespaces.indexOf(uri[1] ?? '');
  return index < 0 ? undefined : coerceNodeId(`ns=${index};${node.slice(uri[0].length)}`);
}

/** Has the server watch points. What it refuses comes back and stops nothing else. */
export async function monitor(server: Server, watches: readonly Watch[]): Promise<Refusal[]> {
  const namespaces = await server.session.readNamespaceArray();
  const items: Item[] = [];
  const refusals: Refusal[] = [];
  for (const watch of watches) {
    const nodeId = resolve(watch.point.address.node, namespaces);
    if (nodeId === undefined) refusals.push({ ...watch, why: 'the server has no such namespace' });
    else items.push({ ...watch, nodeId });
  }
  return [...refusals, ...(await place(server, items))];
}

/** Fills one subscription after another. What none of them takes for want of room is refused. */
async function place(server: Server, items: readonly Item[]): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  let left: readonly Item[] = items;
  while (left.length > 0) {
    const subscription = await subscriptionWithRoom(server);
    if (subscription === undefined) return [...refusals, ...left.map(noRoom)];
    const room = roomIn(server, subscription);
    const taken = left.slice(0, room);
    const { refused, full } = await fill(server, subscription, taken);
    refusals.push(...refused);
    left = [...full, ...left.slice(room)];
    if (full.length === 0) continue;
    if (subscription.items === 0) {
      await retire(server, subscription);
      return [...refusals, ...left.map(noRoom)];
    }
    subscription.full = true;
  }
  return refusals;
}

const noRoom = (item: Item): Refusal => ({ ...item, why: 'BadTooManyMonitoredItems' });

function roomIn({ config, limits, enough }: Server, { items, full }: Subscription): number {
  if (full) return 0;
  return Math.min(enough ? Infinity : config.itemsPerSubscription, limits.itemsPerSubscription) - items;
}

async function subscriptionWithRoom(server: Server): Promise<Subscription | undefined> {
  const free = () => server.subscriptions.find((one) => roomIn(server, one) > 0);
  const found = free();
  if (found !== undefined || server.enough) return found;
  try {
    return await server.subscribe();
  } catch (err) {
    if (!isServiceFault(err) || server.subscriptions.length === 0) throw err;
    server.enough = true;
    return free();
  }
}

/** In calls that the server allows. `full` are those for which the subscription has no room. */
async function fill(server: Server, subscription: Subscription, items: readonly Item[]) {
  const refused: Refusal[] = [];
  const full: Item[] = [];
  for (const chunk of chunks(items, server.limits.itemsPerCall)) {
    if (full.length > 0) {
      full.push(...chunk);
      continue;
    }
    for (const refusal of await settle(server, subscription, chunk)) {
      if (refusal.why.includes('TooManyMonitoredItems')) full.push(refusal);
      else refused.push(refusal);
    }
    subscription.items += chunk.length;
  }
  subscription.items -= refused.length + full.length;
  return { refused, full };
}

/** A node whose wishes the server does not grant is asked for with fewer of them. */
async function settle(
  server: Server,
  subscription: Subscription,
  items: readonly Item[],
): Promise<(Refusal & Item)[]> {
  const { session, config } = server;
  const refusals = await createItems(session, subscription.id, items, config);
  const again: Item[] = [];
  const refused: (Refusal & Item)[] = [];
  for (const refusal of refusals) {
    const wish = wishIn(refusal);
    if (wish === undefined) {
      refused.push(refusal);
      continue;
    }
    refusal.without.add(wish);
    server.conceded(refusal, wish, refusal.why);
    again.push(refusal);
  }
  return again.length === 0 ? refused : [...refused, ...(await settle(server, subscription, again))];
}

/** The wish that made the server refuse, if there is one that can be dropped. */
function wishIn({ why, point: { address }, without }: Refusal): Wish | undefined {
  const made: Readonly<Record<Wish, boolean>> = {
    index: address.index !== undefined && /BadIndexRange|BadNotSupported/.test(why),
    deadband: address.deadband !== undefined && /Filter|Deadband/.test(why),
    trigger: address.trigger !== 'status-value' && why.includes('Filter'),
  };
  return (['index', 'deadband', 'trigger'] as const).find((wish) => made[wish] && !without.has(wish));
}

async function retire(server: Server, subscription: Subscription): Promise<void> {
  subscription.retired = true;
  server.subscriptions.splice(server.subscriptions.indexOf(subscription), 1);
  await drop(server.session, [subscription]);
}
