import { connect } from 'mqtt';
import type { ClientConfig } from './config.ts';
import { optionsOf } from './connection.ts';
import { packetGuard } from './guard.ts';
import type { Line } from './line.ts';

/**
 * Listens for browsing until `signal` aborts, by a connection of its own: a subscription that overlaps with those for
 * the tags makes some brokers deliver the tags' messages at the lower QoS, others twice. What fails here is reported.
 */
export async function discover(config: ClientConfig, line: Line, signal: AbortSignal): Promise<void> {
  const clientId = `${config.clientId}-discover`;
  const client = connect(config.url, { ...(await optionsOf(config)), clientId, clean: true });
  const complain = (err: Error) => {
    const what = `Unmapped topics cannot be looked at: ${err.message}.`;
    line.report.fault(
      'refused address',
      what,
      "Check the rights of the source's user at the broker, or clear `discover`.",
    );
  };
  client.on('error', complain);
  client.on('message', (topic, payload, { qos, retain }) =>
    line.overhear({ topic, payload, qos, retained: retain, at: Date.now() }),
  );
  const guard = packetGuard(config.maxPacketBytes);
  client.stream.on('data', (chunk: Buffer) => {
    if (guard(chunk) !== undefined) client.stream.destroy();
  });
  client.on('connect', () => {
    client.subscribe([...config.discover], { qos: 0 }, (err) => {
      if (err) complain(err);
    });
  });
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await client.endAsync(true);
}
