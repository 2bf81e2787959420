import { AttributeIds, coerceNodeId, MonitoringMode, TimestampsToReturn } from 'node-opcua-client';
import type { MonitoredItemCreateRequestOptions, NodeId } from 'node-opcua-client';
import type { Point } from '../collector.ts';
import type { OpcuaAddress, OpcuaConfig } from './config.ts';
import type { Session } from './session.ts';

/** A point to watch. The handle comes back with each of its values. */
export interface Watch {
  readonly handle: number;
  readonly point: Point<OpcuaAddress>;
}
/** What the server does not deliver, and why. */
export interface Refusal extends Watch {
  readonly why: string;
}
interface Item extends Watch {
  readonly nodeId: NodeId;
}

/** When the server states no limit of its own. */
const ITEMS_PER_CALL = 1000;
/** Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall (OPC 10000-5, 6.3.11). */
const MAX_MONITORED_ITEMS_PER_CALL = 'ns=0;i=11714';

/** The node's id in this server's own numbering, or undefined: the server does not know the namespace. */
export function resolve(node: string, namespaces: readonly string[]): NodeId | undefined {
  const uri = /^nsu=([^;]+);/.exec(node);
  if (uri === null) return coerceNodeId(node);
  const index = namespaces.indexOf(uri[1] ?? '');
  return index < 0 ? undefined : coerceNodeId(`ns=${index};${node.slice(uri[0].length)}`);
}

/** Has the server watch points. What it refuses comes back and stops nothing else. */
export async function monitor(
  session: Session,
  subscriptionId: number,
  watches: readonly Watch[],
  config: OpcuaConfig,
): Promise<Refusal[]> {
  const namespaces = await session.readNamespaceArray();
  const items: Item[] = [];
  const refusals: Refusal[] = [];
  for (const { handle, point } of watches) {
    const nodeId = resolve(point.address.node, namespaces);
    if (nodeId === undefined) refusals.push({ handle, point, why: 'the server has no such namespace' });
    else items.push({ handle, point, nodeId });
  }
  const create = (chunk: readonly Item[]) => createItems(session, subscriptionId, chunk, config);
  const size = await itemsPerCall(session);
  for (let from = 0; from < items.length; from += size) {
    refusals.push(...(await create(items.slice(from, from + size))));
  }
  return refusals;
}

async function itemsPerCall(session: Session): Promise<number> {
  const limit = await session.read({ nodeId: MAX_MONITORED_ITEMS_PER_CALL, attributeId: AttributeIds.Value });
  const stated: unknown = limit.statusCode.isGood() ? limit.value.value : 0;
  return typeof stated === 'number' && stated > 0 ? Math.min(stated, ITEMS_PER_CALL) : ITEMS_PER_CALL;
}

/** Some servers refuse a whole call for one item, or have undeclared limits: then halves are tried. */
async function createItems(
  session: Session,
  subscriptionId: number,
  items: readonly Item[],
  config: OpcuaConfig,
): Promise<Refusal[]> {
  try {
    const { results } = await session.createMonitoredItems({
      subscriptionId,
      timestampsToReturn: TimestampsToReturn.Both,
      itemsToCreate: items.map((item) => request(item, config)),
    });
    return items.flatMap(({ handle, point }, i) => {
      const status = results?.[i]?.statusCode;
      return status?.isGood() === true ? [] : [{ handle, point, why: status?.name ?? 'no answer for it' }];
    });
  } catch (err) {
    if (!isServiceFault(err)) throw err;
    const [only] = items;
    if (items.length === 1 && only !== undefined) return [{ ...only, why: err.message }];
    const middle = items.length >> 1;
    const first = await createItems(session, subscriptionId, items.slice(0, middle), config);
    return [...first, ...(await createItems(session, subscriptionId, items.slice(middle), config))];
  }
}

/** The server answered, with a fault for the whole call: the connection is fine. */
const isServiceFault = (err: unknown): err is Error & { response: unknown } =>
  err instanceof Error && 'response' in err && err.response !== undefined && err.response !== null;

const request = ({ handle, nodeId }: Item, config: OpcuaConfig): MonitoredItemCreateRequestOptions => ({
  itemToMonitor: { nodeId, attributeId: AttributeIds.Value },
  monitoringMode: MonitoringMode.Reporting,
  requestedParameters: {
    clientHandle: handle,
    samplingInterval: config.samplingMs ?? config.publishingMs,
    queueSize: config.queueSize,
    discardOldest: true,
  },
});
