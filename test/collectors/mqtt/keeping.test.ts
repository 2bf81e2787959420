import { execFileSync } from 'node:child_process';
import { rm, appendFile, mkdtemp, readFile, readdir, readlink, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { connect } from 'mqtt';
import { expect, onTestFinished, test, vi } from 'vitest';
import { entriesIn, framed, openJournal } from '../../../collectors/mqtt/journal.ts';
import { openPersistence } from '../../../collectors/mqtt/persistence.ts';
import type { Note } from '../../../collectors/mqtt/kept.ts';
import { broker, device, event, USER } from '../../support/mqtt.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-mqtt-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const LIMITS = { maxQueued: 3, maxQueuedBytes: 1000, maxRetained: 2 };

async function aStore(folder: string | undefined, limits = LIMITS) {
  const dropped: string[] = [];
  const store = await openPersistence({
    ...{ folder, limits, userOf: () => 'device' },
    dropped: (what, client) => void dropped.push(`${what} ${client ?? ''}`),
  });
  onTestFinished(() => store[Symbol.asyncDispose]());
  await store.setup();
  const waiting = (client: string) =>
    [...(store.kept.sessions.get(client)?.queue.values() ?? [])].map(({ payload }) => payload.toString());
  return { store, dropped, waiting };
}

const aPacket = (payload: string, more = {}) => ({
  ...{ topic: 'a/b', payload: Buffer.from(payload), qos: 1 as const, retain: false, ...more },
});

test('sessions, their messages and retained messages outlive a restart of the broker', async () => {
  const folder = await aFolder();
  const first = await broker({ folder });
  const listener = await device(first.port, { clientId: 'listener', clean: false });
  await listener.subscribeAsync('plant/#', { qos: 1 });
  await listener.endAsync(true);
  const publisher = await device(first.port);
  await publisher.publishAsync('plant/flow', '7', { qos: 1 });
  await publisher.publishAsync('plant/flow', '8', { qos: 2 });
  await publisher.publishAsync('state', 'on', { qos: 1, retain: true });
  await first.stop();

  const second = await broker({ folder });
  const { heard } = await returning(second.port, 'listener');
  await vi.waitFor(() => expect(heard).toEqual(['plant/flow 7', 'plant/flow 8']), 5_000);
  const newcomer = await device(second.port);
  const retained = event(newcomer, 'message');
  await newcomer.subscribeAsync('state');
  expect(String((await retained)[1])).toBe('on');
});

/** A client that comes back to its session: what waits for it arrives with the connection. */
async function returning(port: number, clientId: string) {
  const heard: string[] = [];
  const client = connect(`mqtt://127.0.0.1:${port}`, {
    ...{ username: USER.name, password: USER.password, reconnectPeriod: 0, clientId, clean: false },
  });
  client.on('message', (topic, payload) => void heard.push(`${topic} ${payload.toString()}`));
  onTestFinished(async () => {
    await client.endAsync(true);
  });
  await event(client, 'connect');
  return { client, heard };
}

test('what was secured is there after a kill: nothing was closed', async () => {
  const folder = await aFolder();
  const { store } = await aStore(folder);
  await store.addSubscriptions({ id: 'away' }, [{ topic: 'a/#', qos: 1 }]);
  for (const payload of ['1', '2', '3']) await store.secure(aPacket(payload));
  await store.secure(aPacket('kept', { retain: true, topic: 'x' }));
  const after = await aStore(folder);
  expect(after.waiting('away')).toEqual(['1', '2', '3']);
  expect(after.store.kept.retained.get('x')?.payload.toString()).toBe('kept');
  expect(await after.store.subscriptionsByClient({ id: 'away' })).toEqual([{ topic: 'a/#', qos: 1 }]);
});

test('a queue that is full loses its oldest, and says so, once', async () => {
  const folder = await aFolder();
  const { store, dropped, waiting } = await aStore(folder);
  await store.addSubscriptions({ id: 'away' }, [{ topic: '#', qos: 1 }]);
  for (const payload of ['1', '2', '3', '4', '5']) await store.secure(aPacket(payload));
  expect(waiting('away')).toEqual(['3', '4', '5']);
  expect(dropped).toHaveLength(2);
  await store.secure(aPacket('x'.repeat(1000)));
  expect(waiting('away')).toEqual(['x'.repeat(1000)]);
  expect((await aStore(folder)).dropped).toEqual([]);
});

test('so many topics are retained and no more; one that is cleared makes room', async () => {
  const { store, dropped } = await aStore(undefined);
  const retain = (topic: string, payload: string) =>
    store.secure(aPacket(payload, { retain: true, topic, qos: 0 }));
  for (const topic of ['a', 'b', 'c']) await retain(topic, '1');
  expect(dropped).toEqual([expect.stringContaining('retained message of c')]);
  await retain('a', '');
  await retain('b', '2');
  await retain('c', '3');
  expect([...store.kept.retained].map(([topic, { payload }]) => `${topic}=${payload.toString()}`)).toEqual([
    'b=2',
    'c=3',
  ]);
});

test('a message that arrived is not sent again, and one that is half-way goes on where it was (QoS 2)', async () => {
  const folder = await aFolder();
  const { store } = await aStore(folder);
  const who = { id: 'away' };
  await store.addSubscriptions(who, [{ topic: '#', qos: 2 }]);
  const [one, two] = [aPacket('1'), aPacket('2', { qos: 2 })];
  await store.secure(one);
  await store.secure(two);
  await store.outgoingEnqueueCombi([{ clientId: 'away' }], two);
  await store.outgoingUpdate(who, { ...one, messageId: 11 });
  await store.outgoingUpdate(who, { ...two, messageId: 12 });
  await store.outgoingClearMessageId(who, { messageId: 11 } as never);
  await store.outgoingUpdate(who, { cmd: 'pubrel', messageId: 12 } as never);
  await store.secure(aPacket('3'));
  const after = await aStore(folder);
  const stream = (await after.store.outgoingStream(who).toArray()) as { cmd: string; messageId?: number }[];
  expect(stream.map(({ cmd, messageId }) => [cmd, messageId])).toEqual([
    ['pubrel', 12],
    ['publish', undefined],
  ]);
});

test('a log that was cut short, or spoilt, is read as far as it goes', () => {
  const note = fc.record({ note: fc.jsonValue(), payload: fc.uint8Array({ maxLength: 20 }) });
  fc.assert(
    fc.property(fc.array(note, { maxLength: 5 }), fc.nat(), (entries, cut) => {
      const log = Buffer.concat(entries.map(framed));
      const part = log.subarray(0, log.length === 0 ? 0 : cut % log.length);
      const read = entriesIn(part);
      expect(read.length).toBeLessThanOrEqual(entries.length);
      const clean = JSON.parse(
        JSON.stringify(entries.slice(0, read.length).map((one) => one.note)),
      ) as unknown;
      expect(read.map((one) => one.note)).toEqual(clean);
      expect(entriesIn(log)).toHaveLength(entries.length);
    }),
  );
});

test('a byte that the disk spoilt, wherever it is, ends the log before its entry and stops no start', () => {
  const log = Buffer.concat(
    [{ note: 'first' }, { note: 'second' }].map(({ note }) => framed({ note, payload: Buffer.from('x') })),
  );
  const first = framed({ note: 'first', payload: Buffer.from('x') }).length;
  // After a power cut the end of a file may be zeros.
  expect(entriesIn(Buffer.concat([log, Buffer.alloc(100)]))).toHaveLength(2);
  for (const at of log.keys()) {
    const spoilt = Buffer.from(log);
    spoilt[at]! ^= 0x04;
    expect(entriesIn(spoilt).map(({ note }) => note)).toEqual(at < first ? [] : ['first']);
  }
});

test('the log does not grow with what is gone', async () => {
  const folder = await aFolder();
  const { begin } = await openJournal<Note>(folder, 'log');
  const last = {
    note: { is: 'retain' as const, topic: 'x', qos: 0 as const },
    payload: Buffer.alloc(500_000),
  };
  const journal = await begin(() => [last]);
  for (let i = 0; i < 20; i++) {
    journal.append(last);
    await journal.flush();
  }
  expect((await stat(join(folder, 'log'))).size).toBeLessThan(6_000_000);
  await appendFile(join(folder, 'log'), 'torn');
  expect(entriesIn(await readFile(join(folder, 'log'))).length).toBeGreaterThan(0);
  await journal[Symbol.asyncDispose]();
});

/** No file of this process may grow beyond: a write does what fits, and the next one fails. */
const roomUpTo = (bytes: number | 'unlimited') =>
  void execFileSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}:`]);

async function openFiles(folder: string): Promise<string[]> {
  const numbers = await readdir('/proc/self/fd');
  const paths = await Promise.all(numbers.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(folder)).sort();
}

test('a disk that was full for a while costs nothing: what was refused is written once there is room', async () => {
  const folder = await aFolder();
  const path = join(folder, 'log');
  const state: { note: Note; payload: Buffer }[] = [];
  const journal = await (await openJournal<Note>(folder, 'log')).begin(() => state);
  const put = (topic: string) => {
    const entry = { note: { is: 'retain' as const, topic, qos: 0 as const }, payload: Buffer.alloc(500) };
    state.push(entry);
    journal.append(entry);
    return journal.flush();
  };
  const onDisk = async () =>
    entriesIn<Note>(await readFile(path)).map(({ note }) => 'topic' in note && note.topic);
  await put('a');
  onTestFinished(() => roomUpTo('unlimited'));
  roomUpTo((await stat(path)).size + 100);
  await expect(put('b')).rejects.toThrow('EFBIG');
  await expect(Promise.all([put('c'), put('d')])).rejects.toThrow('EFBIG');
  await expect(put('e')).rejects.toThrow('EFBIG');
  expect(await onDisk()).toEqual(['a']);
  expect(await openFiles(folder)).toEqual([path]);
  roomUpTo('unlimited');
  await put('f');
  expect(await onDisk()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  await put('g');
  expect(await onDisk()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  expect(await openFiles(folder)).toEqual([path]);
  await journal[Symbol.asyncDispose]();
  expect(await openFiles(folder)).toEqual([]);
});

test('those who come while a write fails are written all the same', async () => {
  const folder = await aFolder();
  const state: { note: Note; payload: Buffer }[] = [];
  const journal = await (await openJournal<Note>(folder, 'log')).begin(() => state);
  const put = (topic: string) => {
    const entry = { note: { is: 'retain' as const, topic, qos: 0 as const }, payload: Buffer.alloc(500) };
    state.push(entry);
    journal.append(entry);
    return journal.flush();
  };
  onTestFinished(() => roomUpTo('unlimited'));
  roomUpTo(100);
  const [first, second] = [put('a').catch(() => roomUpTo('unlimited')), put('b')];
  await first;
  await second;
  expect(entriesIn(await readFile(join(folder, 'log')))).toHaveLength(2);
  await journal[Symbol.asyncDispose]();
});
