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
for (let second = 0; ; second++) {
  await timers.setTimeout(EVERY_MS - (Date.now() % EVERY_MS));
  const at = new Date();
  for (const [subscription, items] of server.watched) {
    const sequenceNumber = (sent.get(subscription) ?? 0) + 1;
    sent.set(subscription, sequenceNumber);
    const monitoredItems = items.map(({ requestedParameters: { clientHandle } }) =>
      // A slow wave of its own for each tag, in two decimals.
      notification(clientHandle, Math.round(5000 + 2000 * Math.sin(second / 60 + clientHandle)) / 100, at),
    );
    const notificationData = [new DataChangeNotification({ monitoredItems })];
    await server.say(new NotificationMessage({ sequenceNumber, publishTime: at, notificationData }), {
      subscription,
    });
  }
}
