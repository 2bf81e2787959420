import { createPublicKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../platform/database/db.ts';
import { revokeSite, insertSite, selectSummary, updateKey } from '../../../sync/central/store/sites.ts';
import { publicKeyText } from '../../../sync/seal.ts';
import { signRequest } from '../../../sync/signature.ts';
import { segmentPath } from '../../../sync/wire.ts';
import { aCentre } from '../../support/centre.ts';
import type { Centre } from '../../support/centre.ts';
import { aCentralDatabase, anEventsSegment, aTag } from '../../support/sync.ts';

let db: Database;
let centre: Centre;
const { privateKey: centreKey } = generateKeyPairSync('ed25519');
beforeAll(async () => {
  db = await aCentralDatabase();
  centre = await aCentre(db, { key: centreKey });
});
afterAll(async () => {
  await centre[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

interface Member {
  readonly id: string;
  readonly key: KeyObject;
}

async function aMember(): Promise<Member> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const id = (await insertSite(db, `site ${randomUUID()}`))!;
  await updateKey(db, id, publicKeyText(createPublicKey(privateKey)));
  return { id, key: privateKey };
}

/** A segment with one tag, signed by this key in the name of that site. */
function signed(
  { id, key }: Member,
  created = Date.now() / 1000,
  nonce = randomBytes(18).toString('base64url'),
) {
  const { segment, payload } = anEventsSegment({ site: id, epoch: randomUUID(), seq: 1 }, [
    { type: 'tags', tags: [aTag(1)] },
  ]);
  const [path = '', query = ''] = segmentPath(segment).split('?');
  const request = {
    method: 'POST',
    authority: new URL(centre.address).host,
    path,
    query: `?${query}`,
    body: payload,
  };
  const headers = signRequest(request, { keyId: id, key }, { created: Math.floor(created), nonce });
  return { url: `${centre.address}${path}?${query}`, method: 'POST', headers: { ...headers }, body: payload };
}

async function send({ url, ...request }: ReturnType<typeof signed>) {
  const answer = await fetch(url, request);
  return { status: answer.status, text: await answer.text() };
}
const tagsOf = async (site: string) => (await selectSummary(db, site))!.tags;

test('what a site has signed is taken', async () => {
  const site = await aMember();
  expect(await send(signed(site))).toMatchObject({ status: 200 });
  expect(await tagsOf(site.id)).toBe(1);
});

test('the same request a second time is refused, though its signature is good', async () => {
  const request = signed(await aMember());
  await send(request);
  expect(await send(request)).toMatchObject({
    status: 401,
    text: expect.stringMatching(/came before/) as string,
  });
});

test('a nonce is taken once by each site, not once by all', async () => {
  const nonce = 'the-same-nonce-of-two-sites';
  for (const site of [await aMember(), await aMember()])
    expect((await send(signed(site, undefined, nonce))).status).toBe(200);
});

test("a site cannot send in another one's name", async () => {
  const [thief, victim] = [await aMember(), await aMember()];
  expect((await send(signed({ id: victim.id, key: thief.key }))).status).toBe(401);
  expect(await tagsOf(victim.id)).toBe(0);
});

test('a request whose payload was exchanged on the way is refused', async () => {
  const site = await aMember();
  const request = { ...signed(site), body: Buffer.from('[]') };
  expect(await send(request)).toMatchObject({
    status: 401,
    text: expect.stringMatching(/Content-Digest/) as string,
  });
});

test("a request that was sent to another of the site's segments is refused", async () => {
  const site = await aMember();
  const request = signed(site);
  expect((await send({ ...request, url: request.url.replace('/1?', '/2?') })).status).toBe(401);
});

test.each([
  ['old', -301],
  ['far ahead', 301],
])(
  'a signature that is too %s is refused, and says what the clock of the centre is for',
  async (_, seconds) => {
    const answer = await send(signed(await aMember(), Date.now() / 1000 + seconds));
    expect(answer).toMatchObject({ status: 401, text: expect.stringMatching(/clock/) as string });
  },
);

test('a revoked site and one that was never enrolled are refused', async () => {
  const site = await aMember();
  await revokeSite(db, site.id);
  expect(await send(signed(site))).toMatchObject({
    status: 401,
    text: expect.stringMatching(/revoked/) as string,
  });
  const stranger = { ...site, id: randomUUID() };
  expect(await send(signed(stranger))).toMatchObject({
    status: 401,
    text: expect.stringMatching(/not enrolled/) as string,
  });
});
