import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { canonicalBytes } from '../../forecasting/artefact.ts';
import type { Database } from '../../platform/database/db.ts';
import { insertMessage } from '../../sync/central/store/messages.ts';
import { sealModel } from '../../sync/seal.ts';
import { aLine, arrived, centreKey, collect, invited, soon } from '../support/line.ts';
import type { Line } from '../support/line.ts';
import { START } from '../support/sync.ts';

let line: Line;
let edge: Database;
let central: Database;
beforeAll(async () => {
  line = await aLine();
  ({ edge, central } = line);
});
afterAll(() => line[Symbol.asyncDispose]());
beforeEach(() => line.renew());

const artefact = (training: string) =>
  Buffer.from(
    canonicalBytes({
      format: 'penstock-model/1',
      id: training,
      tag: { name: 'TAG-1' },
      settings: { stepMs: 60_000, season: 24, horizon: 12 },
      learned: { kind: 'seasonal-naive', params: { season: 24 } },
      bands: { blockSteps: 12, radius80: [1], radius95: [2] },
      metrics: { mae: 1 },
      trainedOn: { from: START, to: START + 60_000, rows: 1 },
      dataHash: 'a'.repeat(64),
    }),
  ).toString();
const send = async (site: string, message: Parameters<typeof insertMessage>[2]) => {
  await central.transaction((tx) => insertMessage(tx, site, message));
  line.centre.bell.ring(site);
};

test('messages of the centre are applied in order and once, also over a restart', async () => {
  const { site, token } = await invited(central);
  const ids = [randomUUID(), randomUUID(), randomUUID()];
  const status = (id: string) => ({
    type: 'training-status' as const,
    id,
    state: 'queued' as const,
    error: null,
  });
  line.linkTo(line.centre.address, { token });
  for (const id of ids.slice(0, 2)) await send(site, status(id));
  await vi.waitFor(() => expect(line.applied).toEqual(ids.slice(0, 2).map(status)), soon);
  await vi.waitFor(async () =>
    expect(await edge.query(`select position from sync_inbox`)).toEqual([{ position: 2 }]),
  );
  await line.endLinks();
  line.linkTo(line.centre.address);
  await send(site, status(ids[2]!));
  await vi.waitFor(() => expect(line.applied).toEqual(ids.map(status)), soon);
});

test('a message that cannot be applied is tried again, and the uplink goes on meanwhile', async () => {
  const { site, token } = await invited(central);
  let failures = 0;
  line.linkTo(line.centre.address, {
    token,
    apply: (instruction) =>
      ++failures < 4
        ? Promise.reject(new Error('not now'))
        : Promise.resolve(void line.applied.push(instruction)),
  });
  await send(site, { type: 'training-status', id: randomUUID(), state: 'queued', error: null });
  await collect(edge, 2);
  await arrived(line, 20);
  await vi.waitFor(() => expect([failures, line.applied.length]).toEqual([4, 1]), soon);
});

test('a model that can never be applied ends its training with the reason, and what follows is applied', async () => {
  const { site, token } = await invited(central);
  const [training, next] = [randomUUID(), randomUUID()];
  const text = artefact(training);
  line.linkTo(line.centre.address, {
    token,
    apply: (instruction) =>
      instruction.type === 'model'
        ? Promise.reject(Object.assign(new Error('no such tag'), { code: '23503' }))
        : Promise.resolve(void line.applied.push(instruction)),
  });
  await send(site, { type: 'model', training, artefact: text, ...sealModel(training, text, centreKey) });
  await send(site, { type: 'training-status', id: next, state: 'queued', error: null });
  await vi.waitFor(
    () =>
      expect(line.applied).toMatchObject([
        {
          type: 'training-status',
          id: training,
          state: 'failed',
          error: 'The model that came could not be stored: no such tag',
        },
        { id: next, state: 'queued' },
      ]),
    soon,
  );
});

test('a model with the seal of the centre is handed over, checked', async () => {
  const { site, token } = await invited(central);
  const training = randomUUID();
  const text = artefact(training);
  line.linkTo(line.centre.address, { token });
  await send(site, { type: 'model', training, artefact: text, ...sealModel(training, text, centreKey) });
  await vi.waitFor(
    () => expect(line.applied).toMatchObject([{ type: 'model', training, artefact: { id: training } }]),
    soon,
  );
});

test.each<
  [
    string,
    (training: string, text: string) => { artefact: string; sha256: string; signature: string },
    RegExp,
  ]
>([
  [
    'altered on its way',
    (t, text) => ({ ...sealModel(t, text, centreKey), artefact: text.replace('"mae":1', '"mae":0') }),
    /digest/,
  ],
  [
    'signed by somebody else',
    (t, text) => ({ ...sealModel(t, text, generateKeyPairSync('ed25519').privateKey), artefact: text }),
    /signature/,
  ],
  [
    'sealed for another training',
    (_t, text) => ({ ...sealModel(randomUUID(), text, centreKey), artefact: text }),
    /signature/,
  ],
  ['no artefact at all', (t) => ({ ...sealModel(t, '{}', centreKey), artefact: '{}' }), /refused/],
])('a model that is %s is refused, and its training has failed', async (_, spoil, reason) => {
  const { site, token } = await invited(central);
  const training = randomUUID();
  line.linkTo(line.centre.address, { token });
  await send(site, { type: 'model', training, ...spoil(training, artefact(training)) });
  await vi.waitFor(() => expect(line.applied).toHaveLength(1), soon);
  expect(line.applied[0]).toMatchObject({
    type: 'training-status',
    id: training,
    state: 'failed',
    error: expect.stringMatching(reason) as string,
  });
});
