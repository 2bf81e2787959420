import { AttributeIds, MonitoringMode, TimestampsToReturn } from 'node-opcua-client';
import { isServiceFault } from '../items.ts';
import { resolve } from '../nodes.ts';
import type { Session } from '../session.ts';
import { eventFilter } from './filter.ts';

/** As many events as the server may keep between two publishings. */
const QUEUE_SIZE = 10_000;

export interface RefusedNotifier {
  readonly notifier: string;
  readonly why: string;
}

/** Listens to nodes by a subscription (OPC 10000-4, 5.13.2). What the server refuses comes back and stops no other. */
export async function listenTo(
  session: Session,
  subscriptionId: number,
  notifiers: readonly string[],
  namespaces: readonly string[],
): Promise<RefusedNotifier[]> {
  const refused: RefusedNotifier[] = [];
  for (const notifier of notifiers) {
    const why = await listen(session, subscriptionId, notifier, namespaces);
    if (why !== undefined) refused.push({ notifier, why });
  }
  return refused;
}

/** Not every server can sort out events by their type: it then sends all of them. */
async function listen(
  session: Session,
  subscriptionId: number,
  notifier: string,
  namespaces: readonly string[],
): Promise<string | undefined> {
  const nodeId = resolve(notifier, namespaces);
  if (nodeId === undefined) return 'the server has no such namespace';
  const request = async (where: boolean): Promise<string | undefined> => {
    try {
      const { results } = await session.createMonitoredItems({
        subscriptionId,
        timestampsToReturn: TimestampsToReturn.Neither,
        itemsToCreate: [
          {
            itemToMonitor: { nodeId, attributeId: AttributeIds.EventNotifier },
            monitoringMode: MonitoringMode.Reporting,
            requestedParameters: {
              ...{ clientHandle: 0, samplingInterval: 0, queueSize: QUEUE_SIZE, discardOldest: true },
              filter: eventFilter(where),
            },
          },
        ],
      });
      const status = results?.[0]?.statusCode;
      return status?.isGood() === true ? undefined : (status?.name ?? 'no answer for it');
    } catch (err) {
      if (!isServiceFault(err)) throw err;
      return err.message;
    }
  };
  const why = await request(true);
  return why !== undefined && /Filter|Operand|Operator/.test(why) ? await request(false) : why;
}
