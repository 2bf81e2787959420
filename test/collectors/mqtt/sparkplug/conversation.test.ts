import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Edge } from '../../../../collectors/mqtt/sparkplug/edge.ts';
import { lastBdSeq, runSession } from '../../../../collectors/mqtt/sparkplug/publisher.ts';
import { aReport } from '../../../support/collecting.ts';
import { at, host, tag } from '../../../support/sparkplug-plant.ts';
import { aNode, double, uint32 } from '../../../support/sparkplug.ts';
import { aRecorder, edgeFaults, hostFaults } from '../../../support/sparkplug-rules.ts';
import type { Act } from '../../../support/sparkplug-rules.ts';

const flow = tag(1, { sparkplug: 'site/gateway', metric: 'flow' });
const types = (acts: readonly Act[]) =>
  acts.flatMap((act) =>
    act.act === 'publish' ? [act.topic.split('/')[act.topic.includes('STATE') ? 1 : 2]] : [],
  );

function aPublisher(port: number, primary?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-sparkplug-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bdSeqFile = join(folder, 'bdseq');
  const config = { url: `mqtt://127.0.0.1:${port}`, clientId: 'edge', periodMs: 20, bdSeqFile };
  const { report, lines } = aReport();
  const session = async () => {
    const edge = new Edge(
      { group: 'site', node: 'gateway', host: primary },
      await lastBdSeq(bdSeqFile, report.log),
    );
    edge.define([{ name: 'flow', kind: 'number', unit: 'm³/h', range: null }]);
    const stop = new AbortController();
    const ended = runSession(config, edge, { log: report.log, connected: () => undefined }, stop.signal).then(
      () => undefined,
      (err: unknown) => err,
    );
    onTestFinished(async () => {
      stop.abort();
      await ended;
    });
    const tell = (value: number) => edge.update([{ name: 'flow', value, at: Date.now(), status: 'good' }]);
    return { tell, ended, stop: () => (stop.abort(), ended) };
  };
  return { session, bdSeqFile, lines };
}

test('what we publish as a node is read by a host, and the conversation keeps the rules over two sessions', async () => {
  const { port, of } = await aRecorder();
  const run = host(at(port), [flow]);
  const { session } = aPublisher(port, 'scada');
  const first = await session();
  await vi.waitFor(() => expect(types(of('edge'))).toContain('NBIRTH'), 5_000);
  for (const value of [1, 2, 3]) {
    first.tell(value);
    await vi.waitFor(() => expect(run.values(1).at(-1)).toBe(value), 5_000);
  }
  expect(await first.stop()).toBeUndefined();
  await vi.waitFor(() => expect(run.of(1).at(-1)).toMatchObject({ reason: 'not connected' }), 5_000);
  const second = await session();
  await vi.waitFor(
    () => expect(types(of('edge')).filter((type) => type === 'NBIRTH').length).toBeGreaterThan(1),
    5_000,
  );
  second.tell(9);
  await vi.waitFor(() => expect(run.values(1).at(-1)).toBe(9), 5_000);
  await second.stop();
  await run.stop();
  await vi.waitFor(() => expect(of('gateway').at(-1)).toEqual({ act: 'end' }), 5_000);
  expect(edgeFaults(of('edge'))).toEqual([]);
  expect(hostFaults(of('gateway'))).toEqual([]);
  expect(run.faults).toEqual([]);
});

test('a node that loses its primary host dies, comes back and waits', async () => {
  const { port, of } = await aRecorder();
  const run = host(at(port), [flow]);
  const { session } = aPublisher(port, 'scada');
  const first = await session();
  await vi.waitFor(() => expect(types(of('edge'))).toContain('NBIRTH'), 5_000);
  await run.stop();
  expect(await first.ended).toMatchObject({ message: expect.stringContaining('primary host') as string });
  expect(types(of('edge')).at(-1)).toBe('NDEATH');
  const second = await session();
  await vi.waitFor(
    () => expect(of('edge').filter(({ act }) => act === 'subscribe').length).toBeGreaterThan(3),
    5_000,
  );
  second.tell(5);
  const again = host(at(port), [flow]);
  await vi.waitFor(() => expect(again.values(1)).toContain(5), 5_000);
  expect(edgeFaults(of('edge'))).toEqual([]);
});

/** A broker that lets everyone in and then says nothing more. */
async function aMuteBroker() {
  let heard = 0;
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', () => heard++ === 0 && socket.write(Uint8Array.of(0x20, 2, 0, 0)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, asked: () => heard > 1 };
}

test('a broker that does not answer to the subscription is given up', async () => {
  const { port } = await aMuteBroker();
  const { ended } = await aPublisher(port).session();
  expect(String(await ended)).toContain('has not answered within 15 s');
});

test('a node that waits for its broker can be stopped', async () => {
  const { port, asked } = await aMuteBroker();
  const { stop } = await aPublisher(port).session();
  await vi.waitFor(() => expect(asked()).toBe(true), 5_000);
  expect(await stop()).toBeUndefined();
});

test('the number of a session follows that of the last one', async () => {
  const { port } = await aRecorder();
  const { session, bdSeqFile, lines } = aPublisher(port);
  const numbers: string[] = [];
  for (let i = 0; i < 3; i++) {
    await (await session()).stop();
    numbers.push(await readFile(bdSeqFile, 'utf8'));
  }
  expect(numbers).toEqual(['0', '1', '2']);
  expect(lines).toEqual([]);
});

test.each(['', 'x', '1e2', '-1', '256'])(
  'a kept number that is %j is told, and counting begins anew',
  async (kept) => {
    const { port } = await aRecorder();
    const { session, bdSeqFile, lines } = aPublisher(port);
    await writeFile(bdSeqFile, kept);
    await (await session()).stop();
    expect(lines.map(({ found }) => found)).toEqual([kept]);
    expect(await readFile(bdSeqFile, 'utf8')).toBe('0');
  },
);

test('a host that asks, writes and leaves keeps the rules', async () => {
  const { port, of } = await aRecorder();
  const speed = tag(2, { sparkplug: 'plant/edge/pump', metric: 'speed' });
  const run = host(at(port), [speed]);
  await vi.waitFor(() => expect(types(of('gateway'))).toContain('STATE'), 5_000);
  const node = await aNode({ port });
  await node.birth(double('flow', 1));
  await node.deviceBirth('pump', uint32('speed', 1, { alias: 2 }));
  await vi.waitFor(() => expect(run.values(2)).toContain(1), 5_000);
  await node.data({ alias: 99, doubleValue: 1 });
  await vi.waitFor(
    () => expect(types(of('gateway')).filter((type) => type === 'NCMD').length).toBeGreaterThan(1),
    5_000,
  );
  const writing = run.collector.write!([{ tag: speed.tag, value: 5 }], AbortSignal.timeout(10_000));
  await vi.waitFor(() => expect(types(of('gateway'))).toContain('DCMD'), 5_000);
  await node.deviceData('pump', { alias: 2, longValue: 5 });
  await writing;
  await run.stop();
  await vi.waitFor(() => expect(of('gateway').at(-1)).toEqual({ act: 'end' }), 5_000);
  expect(hostFaults(of('gateway'))).toEqual([]);
});

test('the checker finds what a careless node does wrong', async () => {
  const { port, of } = await aRecorder();
  const node = await aNode({
    port,
    clientId: 'careless',
    clean: false,
    will: { topic: 'spBv1.0/plant/NDEATH/edge', payload: Buffer.alloc(0), qos: 0, retain: true },
  });
  await node.data(double('flow', 1));
  await vi.waitFor(() => expect(types(of('careless'))).toEqual(['NDATA']), 5_000);
  expect(edgeFaults(of('careless'))).toEqual(
    expect.arrayContaining([
      'the session is clean',
      'the will has QoS 1 and is not retained',
      'bdSeq is an Int64 from 0 to 255',
      'data follows a birth',
      'data has aliases that the birth gave, and no names',
    ]),
  );
});
