import { expect, onTestFinished, vi } from 'vitest';
import type { Point } from '../../collectors/collector.ts';
import { MqttAddress, MqttConfig } from '../../collectors/mqtt/config.ts';
import { mqtt } from '../../collectors/mqtt/mqtt.ts';
import { aPoint, collect } from './collecting.ts';
import { aBroker, aNode, double, uint32 } from './sparkplug.ts';

export const tag = (id: number, address: Record<string, unknown>, kind?: 'number' | 'text') =>
  aPoint(id, MqttAddress.parse(address), kind);
export const flow = tag(1, { sparkplug: 'plant/edge', metric: 'flow' });
export const speed = tag(2, { sparkplug: 'plant/edge/pump', metric: 'speed' });
export const NOT_CONNECTED = { value: null, status: 'bad', reason: 'not connected' };

export function host(
  where: object,
  points: readonly Point<MqttAddress>[] = [flow, speed],
  more: object = {},
) {
  const config = MqttConfig.parse({ ...where, sparkplug: { host: 'scada', reorderMs: 300, ...more } });
  const run = collect(mqtt, { config, points, pkiFolder: '' });
  onTestFinished(async () => {
    await run.stop();
  });
  return { ...run, values: (id: number) => run.of(id).map(({ value }) => value) };
}
export const at = (port: number) => ({
  client: { url: `mqtt://127.0.0.1:${port}`, clientId: 'gateway', keepAliveS: 1 },
});

/** A broker, our host at it, and a node that is born there. */
export async function aPlant(points?: readonly Point<MqttAddress>[], more?: object) {
  const broker = await aBroker();
  const run = host(at(broker.port), points, more);
  await vi.waitFor(() => expect(broker.states()).toHaveLength(1), 5_000);
  const node = await aNode({ port: broker.port });
  await node.birth(double('flow', 1, { alias: 1 }));
  await node.deviceBirth('pump', uint32('speed', 3_000_000_000, { alias: 2 }));
  await vi.waitFor(() => expect(run.values(2)).toContain(3_000_000_000), 5_000);
  return { broker, run, node };
}
