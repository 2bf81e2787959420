// The reference of the OPC UA benchmark: the library alone.
import '../../collectors/opcua/quiet.ts';
import {
  AttributeIds,
  DataChangeNotification,
  MonitoringMode,
  OPCUAClient,
  PublishRequest,
  TimestampsToReturn,
} from 'node-opcua-client';
import type { Session } from '../../collectors/opcua/session.ts';
import { counting } from './counting.ts';

const [count = '0', endpoint = ''] = process.argv.slice(2);
const tags = Number(count);
const ITEMS_PER_CALL = 1000;
const ITEMS_PER_SUBSCRIPTION = 5000;
const EVERY_MS = 1000;
const node = (i: number) => `ns=2;i=${i + 1}`;

/** The library's own services, counting what arrives and doing nothing else. */
async function bare(arrived: (values: number) => void): Promise<void> {
  const client = OPCUAClient.create({ endpointMustExist: false });
  await client.connect(endpoint);
  const session = (await client.createSession()) as Session;
  for (let first = 0; first < tags; first += ITEMS_PER_SUBSCRIPTION) {
    const { subscriptionId } = await session.createSubscription({
      ...{ requestedPublishingInterval: EVERY_MS, requestedMaxKeepAliveCount: 10 },
      ...{ requestedLifetimeCount: 100, maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 1 },
    });
    const last = Math.min(tags, first + ITEMS_PER_SUBSCRIPTION);
    for (let from = first; from < last; from += ITEMS_PER_CALL) {
      const size = Math.min(ITEMS_PER_CALL, last - from);
      const itemsToCreate = Array.from({ length: size }, (_, i) => ({
        monitoringMode: MonitoringMode.Reporting,
        itemToMonitor: { nodeId: node(from + i), attributeId: AttributeIds.Value },
        requestedParameters: { clientHandle: from + i, samplingInterval: EVERY_MS, queueSize: 10 },
      }));
      const timestampsToReturn = TimestampsToReturn.Both;
      await session.createMonitoredItems({ subscriptionId, timestampsToReturn, itemsToCreate });
    }
  }
  const acknowledged: { subscriptionId: number; sequenceNumber: number }[] = [];
  const ask = () => {
    const subscriptionAcknowledgements = acknowledged.splice(0);
    session.publish(new PublishRequest({ subscriptionAcknowledgements }), (err, response) => {
      if (err !== null || response === undefined) throw err ?? new Error('No answer.');
      const { notificationMessage, subscriptionId } = response;
      for (const one of notificationMessage.notificationData ?? [])
        if (one instanceof DataChangeNotification) arrived(one.monitoredItems?.length ?? 0);
      acknowledged.push({ subscriptionId, sequenceNumber: notificationMessage.sequenceNumber });
      ask();
    });
  };
  for (let i = 0; i <= tags / ITEMS_PER_SUBSCRIPTION; i++) ask();
}

await bare(counting());
