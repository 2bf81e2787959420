// The server of the OPC UA benchmark: a reading a second of every node. It only says what it would say, so that the
// machine is left to those that listen.
import timers from 'node:timers/promises';
import {
  DataChangeNotification,
  DataType,
  DataValue,
  MonitoredItemNotification,
  NotificationMessage,
  StatusCodes,
  Variant,
} from 'node-opcua-client';
import { scriptedServer } from '../support/opcua-scripted.ts';
import type { Watched } from '../support/opcua-scripted.ts';

const EVERY_MS = 1000;

process.on('disconnect', () => process.exit());
const server = await scriptedServer();
process.send?.({ port: server.port });

const notification = (clientHandle: number, value: number, at: Date) =>
  new MonitoredItemNotification({
    clientHandle,
    value: new DataValue({
      ...{ value: new Variant({ dataType: DataType.Double, value }), statusCode: StatusCodes.Good },
      ...{ sourceTimestamp: at, serverTimestamp: at },
    }),
  });

const sent = new Map<number, number>();
async function say(subscription: number, { items, atOnce }: Watched, second: number, at: Date) {
  const size = atOnce === 0 ? items.length : atOnce;
  for (let from = 0; from < items.length; from += size) {
    const sequenceNumber = (sent.get(subscription) ?? 0) + 1;
    sent.set(subscription, sequenceNumber);
    const monitoredItems = items.slice(from, from + size).map(({ requestedParameters: { clientHandle } }) =>
      // A slow wave of its own for each tag, in two decimals.
      notification(clientHandle, Math.round(5000 + 2000 * Math.sin(second / 60 + clientHandle)) / 100, at),
    );
    const notificationData = [new DataChangeNotification({ monitoredItems })];
    const message = new NotificationMessage({ sequenceNumber, publishTime: at, notificationData });
    await server.say(message, { subscription });
  }
}

for (let second = 0; ; second++) {
  await timers.setTimeout(EVERY_MS - (Date.now() % EVERY_MS));
  const at = new Date();
  for (const [subscription, watched] of server.watched) await say(subscription, watched, second, at);
}
