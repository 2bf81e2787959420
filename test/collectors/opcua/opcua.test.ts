import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import type { Run } from '../../support/collecting.ts';
import { opcuaServer, scratchFolder } from '../../support/opcua-server.ts';
import type { OpcuaServer } from '../../support/opcua-server.ts';

const print = vi.hoisted(() => vi.spyOn(console, 'log').mockImplementation(() => undefined));

let server: OpcuaServer;
let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  [server, pki] = await Promise.all([opcuaServer({ itemsPerCall: 5 }), scratchFolder()]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await pki[Symbol.asyncDispose]();
});

const node = (tag: number, name: string, kind: 'number' | 'text' = 'number') =>
  aPoint(tag, OpcuaAddress.parse({ node: `nsu=urn:test:plant;s=${name}` }), kind);

function client(
  points: readonly ReturnType<typeof node>[],
  more: Record<string, unknown> = {},
  folder = pki.path,
): Run {
  const config = OpcuaConfig.parse({ endpoint: server.endpoint, publishingMs: 100, ...more });
  const run = collect(opcua, { config, points, pkiFolder: folder });
  onTestFinished(async () => {
    await run.stop();
  });
  return run;
}

const WAIT = { timeout: 20_000 };

test('values of every kind arrive with their source times, also when they change', async () => {
  const run = client([
    node(1, 'level'),
    node(2, 'running'),
    node(3, 'total'),
    node(4, 'state', 'text'),
    node(5, 'broken'),
    node(6, 'spectrum'),
    node(7, 'state'),
  ]);
  await vi.waitFor(() => expect(new Set(run.readings().map(({ tag }) => tag)).size).toBe(7), WAIT);
  const first = (tag: number) => run.of(tag).map(({ value, status }) => [value, status])[0];
  expect([1, 2, 3, 4].map(first)).toEqual([
    [12.5, 'good'],
    [1, 'good'],
    ['9007199254740993', 'good'],
    ['ramping', 'good'],
  ]);
  expect([5, 6, 7].map(first)).toEqual([
    [null, 'bad'],
    [null, 'bad'],
    [null, 'bad'],
  ]);
  expect(run.faults.map(({ kind, what }) => [kind, what.split(':')[0]])).toEqual([
    ['not a number', 'tag-5'],
    ['not a number', 'tag-6'],
    ['not a number', 'tag-7'],
  ]);

  const at = Date.now() - 60_000;
  await server.set('level', 13, { status: 'UncertainSensorNotAccurate', at });
  await vi.waitFor(
    () => expect(run.of(1).at(-1)).toMatchObject({ value: 13, status: 'uncertain', at }),
    WAIT,
  );
  await server.set('level', 14, { status: 'BadSensorFailure' });
  await vi.waitFor(() => expect(run.of(1).at(-1)).toMatchObject({ status: 'bad' }), WAIT);
  await server.set('level', 12.5);
});

test('a source time that cannot be right is counted and not stored', async () => {
  const run = client([node(1, 'many-0')]);
  await vi.waitFor(() => expect(run.of(1)).toHaveLength(1), WAIT);
  await server.set('many-0', 99, { at: Date.now() + 2 * 3_600_000 });
  await vi.waitFor(() => expect(run.faults.map(({ kind }) => kind)).toEqual(['timestamp']), WAIT);
  await server.set('many-0', 0);
  await vi.waitFor(() => expect(run.of(1)).toHaveLength(2), WAIT);
  expect(run.of(1).map(({ value }) => value)).toEqual([0, 0]);
});

test('bad addresses turn their own tags bad; all others arrive, in calls the server allows', async () => {
  const good = Array.from({ length: 12 }, (_, i) => node(i, `many-${i + 1}`));
  const stranger = aPoint(101, OpcuaAddress.parse({ node: 'nsu=urn:nobody;s=level' }));
  const run = client([node(100, 'no-such-node'), ...good, stranger]);
  await vi.waitFor(() => expect(new Set(run.readings().map(({ tag }) => tag)).size).toBe(14), WAIT);
  expect(
    run
      .readings()
      .filter(({ status }) => status === 'bad')
      .map(({ tag }) => tag)
      .sort(),
  ).toEqual([100, 101]);
  expect(run.faults.map(({ kind }) => kind)).toEqual(['refused address', 'refused address']);
  expect(run.faults.map(({ what }) => what).join()).toMatch(
    /tag-101.*no such namespace.*tag-100.*BadNodeIdUnknown/,
  );
});

test('a node that appears later is collected from then on', async () => {
  const run = client([node(1, 'late'), node(2, 'level')]);
  await vi.waitFor(() => expect(run.of(1)).toMatchObject([{ status: 'bad' }]), WAIT);
  await server.set('late', 77);
  await vi.waitFor(() => expect(run.of(1).at(-1)).toMatchObject({ value: 77, status: 'good' }), WAIT);
  expect(run.faults).toHaveLength(1);
});

test('sources that start together on an empty folder share one certificate', async () => {
  await using folder = await scratchFolder();
  const secured = { security: 'Basic256Sha256', trustServer: true };
  const runs = [1, 2, 3].map((tag) => client([node(tag, 'level')], secured, folder.path));
  for (const [i, run] of runs.entries()) await vi.waitFor(() => expect(run.of(i + 1)).toHaveLength(1), WAIT);
  const own = await readdir(join(folder.path, 'own', 'certs'));
  expect(own.filter((name) => name.endsWith('.pem'))).toHaveLength(1);
  await Promise.all(runs.map((run) => run.stop()));
});

test('a server with nothing to tell is known to be alive', async () => {
  const run = client([node(1, 'running')]);
  await vi.waitFor(
    () => expect(run.batches.filter((batch) => batch.length === 0).length).toBeGreaterThan(1),
    WAIT,
  );
  expect(run.of(1)).toHaveLength(1);
});

test('a name and a password open a session, a wrong one is told with what to do', async () => {
  const secured = { security: 'Basic256Sha256', trustServer: true, user: 'gateway' };
  const run = client([node(1, 'level')], { ...secured, password: 'secret' });
  await vi.waitFor(() => expect(run.of(1)).toHaveLength(1), WAIT);
  const refused = client([node(1, 'level')], { ...secured, password: 'guess' });
  expect(await refused.ended).toMatchObject({
    message: expect.stringContaining('Check user and password') as string,
  });
});

test('a server certificate is trusted only once a person has moved it', async () => {
  await using folder = await scratchFolder();
  const secured = { security: 'Basic256Sha256' };
  const first = client([node(1, 'level')], secured, folder.path);
  const rejected = join(folder.path, 'rejected');
  const message = String(await first.ended);
  expect(message).toContain('certificate is not trusted');
  expect(message).toContain(rejected);
  expect(message).toContain(join(folder.path, 'trusted', 'certs'));

  const [file] = await readdir(rejected);
  await rename(join(rejected, file!), join(folder.path, 'trusted', 'certs', file!));
  const second = client([node(1, 'level')], secured, folder.path);
  await vi.waitFor(() => expect(second.of(1)).toHaveLength(1), WAIT);
  await second.stop();
});

test('a server that is killed ends the run, and one that is frozen too', { timeout: 60_000 }, async () => {
  await using mortal = await opcuaServer();
  const more = { endpoint: mortal.endpoint };
  const first = client([node(1, 'level')], more);
  await vi.waitFor(() => expect(first.of(1)).toHaveLength(1), WAIT);
  mortal.freeze();
  expect(await first.ended).toMatchObject({
    message: expect.stringContaining('not even a keep-alive') as string,
  });

  // As long as it is frozen it accepts connections and says nothing.
  const second = client([node(1, 'level')], more);
  expect(await second.ended).toMatchObject({
    message: expect.stringContaining('Cannot open a session') as string,
  });

  mortal.thaw();
  const third = client([node(1, 'level')], more);
  await vi.waitFor(() => expect(third.of(1)).toHaveLength(1), WAIT);
  await mortal.kill();
  expect(await third.ended).toBeInstanceOf(Error);

  const fourth = client([node(1, 'level')], more);
  expect(await fourth.ended).toMatchObject({
    message: expect.stringContaining('Check that the server runs') as string,
  });
});

test(
  'a server that is read from all the time is alive, and known to be frozen none the less',
  { timeout: 60_000 },
  async () => {
    await using mortal = await opcuaServer();
    const run = client([node(1, 'running')], { endpoint: mortal.endpoint });
    await vi.waitFor(() => expect(run.of(1)).toHaveLength(1), WAIT);
    const reads = { asked: 0, answered: 0 };
    const read = async () => {
      reads.asked++;
      const { signal } = new AbortController();
      await run.collector.browse!({ place: null, search: '', limit: 10, after: null }, signal);
      reads.answered++;
    };
    const often = setInterval(() => void read().catch(() => undefined), 100);
    onTestFinished(() => clearInterval(often));
    const keepAlives = () => run.batches.filter((batch) => batch.length === 0).length;
    const before = keepAlives();
    await vi.waitFor(() => expect(keepAlives()).toBeGreaterThan(before + 1), WAIT);
    await vi.waitFor(() => expect(reads.answered).toBeGreaterThan(5), WAIT);

    mortal.freeze();
    const asked = reads.asked;
    expect(await run.ended).toMatchObject({
      message: expect.stringContaining('not even a keep-alive') as string,
    });
    expect(reads.asked).toBeGreaterThan(asked + 5); // requests that find no answer do not pass for life
  },
);

test('the library prints nothing to the console', () => {
  expect(print.mock.calls).toEqual([]);
});
