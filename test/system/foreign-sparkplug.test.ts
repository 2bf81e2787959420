import { expect, test, vi } from 'vitest';
import { aMosquitto, subscribe } from '../support/mosquitto.ts';
import { NOT_CONNECTED, at, host } from '../support/sparkplug-plant.ts';
import { aNode, double, uint32 } from '../support/sparkplug.ts';

/** The retained state of the host, as the program of mosquitto reads it. */
const state = (port: number) => subscribe(port, 'spBv1.0/STATE/scada', '-C', '1', '-W', '5').ended;

test('at mosquitto births, data, lost messages, a killed node and a killed host are all noticed', async () => {
  const broker = await aMosquitto();
  const { port } = broker;
  const run = host(at(port));
  await vi.waitUntil(() => run.lines.some(({ msg }) => msg === 'Subscribed at the MQTT broker.'), 10_000);
  await vi.waitFor(async () => expect((await state(port)).said).toContain('"online":true'), 10_000);

  const node = await aNode({ port });
  await node.birth(double('flow', 1, { alias: 1 }));
  await node.deviceBirth('pump', uint32('speed', 4_000_000_000, { alias: 2 }));
  await node.data({ alias: 1, doubleValue: 2 });
  await vi.waitFor(
    () => expect([run.values(1).at(-1), run.values(2).at(-1)]).toEqual([2, 4_000_000_000]),
    10_000,
  );

  node.skip(2);
  await node.data({ alias: 1, doubleValue: 3 });
  await vi.waitFor(() => expect(node.rebirths()).toBeGreaterThan(0), 10_000);
  await vi.waitFor(() => expect(run.values(1).at(-1)).toBe(3), 10_000);

  node.kill();
  await vi.waitFor(() => expect(run.of(1).at(-1)).toMatchObject(NOT_CONNECTED), 10_000);
  expect(run.of(2).at(-1)).toMatchObject(NOT_CONNECTED);

  await run.stop();
  expect((await state(port)).said).toContain('"online":false');
  expect(broker.signal('SIGTERM')).toBe(true);
});
