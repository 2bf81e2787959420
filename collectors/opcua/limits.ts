import { AttributeIds, VariableIds } from 'node-opcua-client';
import type { Session } from './session.ts';

/** How much the server takes in one call (OPC 10000-5, 6.3.11), and how much altogether. */
export interface Limits {
  readonly nodesPerRead: number;
  readonly pathsPerTranslate: number;
  readonly itemsPerCall: number;
  readonly itemsPerSubscription: number;
  readonly nodesPerHistoryRead: number;
}

/** Also where the server states a higher one, or none. */
const MOST: Limits = {
  nodesPerRead: 1000,
  pathsPerTranslate: 1000,
  itemsPerCall: 1000,
  itemsPerSubscription: Infinity,
  nodesPerHistoryRead: 100,
};
const NODES: Readonly<Record<keyof Limits, VariableIds>> = {
  nodesPerRead: VariableIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
  pathsPerTranslate:
    VariableIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
  itemsPerCall: VariableIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
  itemsPerSubscription: VariableIds.Server_ServerCapabilities_MaxMonitoredItemsPerSubscription,
  nodesPerHistoryRead: VariableIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData,
};

/** Asked once per session. A server that states nothing is trusted with ordinary sizes. */
export async function readLimits(session: Session): Promise<Limits> {
  const names = Object.keys(NODES) as (keyof Limits)[];
  const answers = await session.read(
    names.map((name) => ({ nodeId: `ns=0;i=${NODES[name]}`, attributeId: AttributeIds.Value })),
  );
  const stated = names.map((name, i) => [name, atMost(answers[i]?.value.value, MOST[name])] as const);
  return Object.fromEntries(stated) as unknown as Limits;
}

/** 0 and nothing say that there is no limit. */
const atMost = (stated: unknown, most: number): number =>
  typeof stated === 'number' && stated > 0 ? Math.min(stated, most) : most;

export function* chunks<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
