import { expect, onTestFinished, test, vi } from 'vitest';
import { schemas } from '../../../collectors/protocols.ts';
import { createHosts } from '../../../gateway/runtime/hosts.ts';
import { startSource } from '../../../gateway/runtime/source.ts';
import type { ProtocolName } from '../../../collectors/protocols.ts';
import type { Point } from '../../../collectors/collector.ts';
import { aPoint } from '../../support/collecting.ts';
import { someEars } from '../../support/ears.ts';
import { modbusDevice, rawDevice } from '../../support/modbus-device.ts';
import { opcuaServer, scratchFolder } from '../../support/opcua-server.ts';

/** Sources that share their hosts as those of one gateway do. */
function aPlace() {
  const place = someEars();
  const hosts = createHosts(place.log);
  onTestFinished(() => hosts[Symbol.asyncDispose]());
  return {
    lines: place.lines,
    start: (protocol: ProtocolName, config: object, points: readonly Point<unknown>[], id: number) => {
      const heard = someEars();
      const stop = new AbortController();
      const plan = { config: schemas[protocol].config.parse(config), points, pkiFolder: pki };
      const source = { id, name: `source ${id}`, protocol, plan };
      const running = startSource(source, heard.ears, { hosts, log: place.log }, stop.signal);
      const end = () => {
        stop.abort();
        return running.done;
      };
      onTestFinished(end);
      return { ...heard, running, end };
    },
  };
}
let pki = '';

/** Its answer ends any process with node-opcua in it: an acknowledgement, and a chunk that is larger than it may be. */
const crasher = () => {
  const uint32 = (...values: number[]) =>
    Buffer.concat(values.map((value) => Buffer.from(Uint32Array.of(value).buffer)));
  const acknowledge = Buffer.concat([Buffer.from('ACKF'), uint32(28, 0, 65_536, 65_536, 0, 0)]);
  const tooLarge = Buffer.concat([Buffer.from('OPNF'), uint32(1_000_000)]);
  return rawDevice((_, socket) => socket.write(Buffer.concat([acknowledge, tooLarge])));
};

test(
  'a server that crashes the library takes down its protocol for a moment, no other, and is then set apart',
  { timeout: 120_000 },
  async () => {
    await using folder = await scratchFolder();
    pki = folder.path;
    await using server = await opcuaServer();
    await using device = await modbusDevice({ holding: new Map([[4, 42]]) });
    await using bad = await crasher();
    const { start, lines } = aPlace();

    const register = aPoint(1, schemas.modbus.address.parse({ register: 4, type: 'uint16' }));
    const polling = { host: '127.0.0.1', port: device.port, pollMs: 100, timeoutMs: 2000 };
    const modbus = start('modbus', polling, [register], 1);
    const node = aPoint(2, schemas.opcua.address.parse({ node: 'ns=1;s=temperature' }));
    const good = start('opcua', { endpoint: server.endpoint, publishingMs: 100 }, [node], 2);
    await vi.waitFor(
      () => expect(good.view()).toMatchObject({ lastError: null, state: 'connected' }),
      20_000,
    );
    await vi.waitFor(() => expect(modbus.view().state).toBe('connected'), 20_000);

    const crashing = start('opcua', { endpoint: `opc.tcp://127.0.0.1:${bad.port}` }, [], 3);
    const said = (word: string) => lines.filter(({ msg }) => String(msg).includes(word));
    await vi.waitFor(() => expect(said('quarantined')).toHaveLength(1), 60_000);
    expect(said('quarantined')[0]).toMatchObject({ sources: ['source 3'] });
    expect(said('has ended').length).toBeLessThan(10);

    const lostBefore = good.events.filter(({ type }) => type === 'lost').length;
    expect(lostBefore).toBeGreaterThan(0);
    await vi.waitFor(() => expect(good.view().state).toBe('connected'), 20_000);
    const crashes = crashing.events.filter(({ type }) => type === 'lost').length;
    await vi.waitFor(
      () => expect(crashing.events.filter(({ type }) => type === 'lost').length).toBeGreaterThan(crashes),
      30_000,
    );
    expect(good.events.filter(({ type }) => type === 'lost')).toHaveLength(lostBefore);
    expect(modbus.events.filter(({ type }) => type === 'lost')).toEqual([]);
    expect(good.view().state).toBe('connected');
  },
);

test('a host ends with its last source, and stopping one leaves the other alone', async () => {
  await using device = await modbusDevice({ holding: new Map([[4, 42]]) });
  const { start, lines } = aPlace();
  const register = aPoint(1, schemas.modbus.address.parse({ register: 4, type: 'uint16' }));
  const polling = { host: '127.0.0.1', port: device.port, pollMs: 100, timeoutMs: 2000 };
  const [first, second] = [start('modbus', polling, [register], 1), start('modbus', polling, [register], 2)];
  await vi.waitFor(() => expect(first.readings().length).toBeGreaterThan(0), 10_000);
  await vi.waitFor(() => expect(second.readings().length).toBeGreaterThan(0), 10_000);
  await first.end();
  const before = second.readings().length;
  await vi.waitFor(() => expect(second.readings().length).toBeGreaterThan(before + 2), 10_000);
  expect(second.events.filter(({ type }) => type === 'lost')).toEqual([]);
  await second.end();
  expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
});
