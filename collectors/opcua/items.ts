import {
  AttributeIds,
  DataChangeFilter,
  DataChangeTrigger,
  MonitoringMode,
  TimestampsToReturn,
} from 'node-opcua-client';
import type { MonitoredItemCreateRequestOptions, NodeId, ReadValueIdOptions } from 'node-opcua-client';
import type { Point } from '../collector.ts';
import type { OpcuaAddress, OpcuaConfig } from './config.ts';
import type { Session } from './session.ts';

/** A point to watch. The handle comes back with each of its values. */
export interface Watch {
  readonly handle: number;
  readonly point: Point<OpcuaAddress>;
  /** What the server has refused for this node; it is then asked for the node without that. */
  readonly without: Set<Wish>;
}
export type Wish = 'deadband' | 'index' | 'trigger';
/** What the server does not deliver, and why. */
export interface Refusal extends Watch {
  readonly why: string;
}
export interface Item extends Watch {
  readonly nodeId: NodeId;
}

const triggers: Readonly<Record<OpcuaAddress['trigger'], DataChangeTrigger>> = {
  status: DataChangeTrigger.Status,
  'status-value': DataChangeTrigger.StatusValue,
  'status-value-timestamp': DataChangeTrigger.StatusValueTimestamp,
};
const ABSOLUTE = 1;
const PERCENT = 2;

/** Some servers refuse a whole call for one item, or have undeclared limits: then halves are tried. */
export async function createItems(
  session: Session,
  subscriptionId: number,
  items: readonly Item[],
  config: OpcuaConfig,
): Promise<(Refusal & Item)[]> {
  try {
    const { results } = await session.createMonitoredItems({
      subscriptionId,
      timestampsToReturn: TimestampsToReturn.Both,
      itemsToCreate: items.map((item) => request(item, config)),
    });
    return items.flatMap((item, i) => {
      const status = results?.[i]?.statusCode;
      return status?.isGood() === true ? [] : [{ ...item, why: status?.name ?? 'no answer for it' }];
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
export const isServiceFault = (err: unknown): err is Error & { response: unknown } =>
  err instanceof Error && 'response' in err && err.response !== undefined && err.response !== null;

function request({ handle, nodeId, point, without }: Item, config: OpcuaConfig) {
  const { address } = point;
  const filter = filterOf(address, without);
  const wanted: MonitoredItemCreateRequestOptions = {
    itemToMonitor: {
      nodeId,
      attributeId: AttributeIds.Value,
      ...(address.index === undefined || without.has('index') ? {} : { indexRange: range(address.index) }),
    },
    monitoringMode: MonitoringMode.Reporting,
    requestedParameters: {
      clientHandle: handle,
      samplingInterval: address.samplingMs ?? config.samplingMs ?? config.publishingMs,
      queueSize: address.queueSize ?? config.queueSize,
      discardOldest: address.discard === 'oldest',
      ...(filter === undefined ? {} : { filter }),
    },
  };
  return wanted;
}

/** The library takes the text of a range, but its types do not say so. */
export const range = (index: string) =>
  index as unknown as Exclude<ReadValueIdOptions['indexRange'], undefined>;

/** None where the server's own rule, a change of status or value, is what is wanted (OPC 10000-4, 7.22.2). */
function filterOf(address: OpcuaAddress, without: ReadonlySet<Wish>): DataChangeFilter | undefined {
  const band = without.has('deadband') || address.path !== undefined ? undefined : address.deadband;
  const trigger = without.has('trigger') ? 'status-value' : address.trigger;
  if (band === undefined && trigger === 'status-value') return undefined;
  return new DataChangeFilter({ trigger: triggers[trigger], ...(band === undefined ? {} : bandOf(band)) });
}

const bandOf = (band: NonNullable<OpcuaAddress['deadband']>) =>
  'percent' in band
    ? { deadbandType: PERCENT, deadbandValue: band.percent }
    : { deadbandType: ABSOLUTE, deadbandValue: band.absolute };
