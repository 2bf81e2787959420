import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import {
  AnonymousIdentityToken,
  MessageSecurityMode,
  SecurityPolicy,
  UserNameIdentityToken,
  X509IdentityToken,
} from 'node-opcua-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { listCertificates, moveCertificate } from '../../../collectors/opcua/pki/list.ts';
import { ownCertificateFile, ownIdentity, renewOwn } from '../../../collectors/opcua/pki/own.ts';
import { connect } from '../../../collectors/opcua/session.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import { aCertificate } from '../../support/opcua-certificates.ts';
import { opcuaPlant } from '../../support/opcua-plant.ts';
import type { OpcuaPlant } from '../../support/opcua-plant.ts';
import { scratchFolder } from '../../support/opcua-server.ts';
import { aRelay } from '../../support/relay.ts';

let plant: OpcuaPlant;
let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  [plant, pki] = await Promise.all([opcuaPlant({ serverCapabilities: { maxSessions: 3 } }), scratchFolder()]);
});
afterAll(async () => {
  await plant[Symbol.asyncDispose]();
  await pki[Symbol.asyncDispose]();
});

const signal = new AbortController().signal;
const configured = (more: object) => OpcuaConfig.parse({ endpoint: plant.endpoint, ...more });
const enter = (more: object, folder = pki.path) => connect(configured(more), folder, signal);
/** A session as the server sees it. */
const sessionOf = ({ session }: Awaited<ReturnType<typeof connect>>) =>
  plant.server.engine.getSession(session.authenticationToken as never);
/** The security of the one channel that has a session. */
async function securityOf(more: object) {
  await using link = await enter({ trustServer: true, ...more });
  const channel = sessionOf(link)?.channel;
  return [channel?.securityPolicy, channel?.securityMode];
}

test.each([
  ['None', 'SignAndEncrypt', MessageSecurityMode.None],
  ['Basic256Sha256', 'Sign', MessageSecurityMode.Sign],
  ['Basic256Sha256', 'SignAndEncrypt', MessageSecurityMode.SignAndEncrypt],
  ['Aes128_Sha256_RsaOaep', 'Sign', MessageSecurityMode.Sign],
  ['Aes128_Sha256_RsaOaep', 'SignAndEncrypt', MessageSecurityMode.SignAndEncrypt],
  ['Aes256_Sha256_RsaPss', 'Sign', MessageSecurityMode.Sign],
  ['Aes256_Sha256_RsaPss', 'SignAndEncrypt', MessageSecurityMode.SignAndEncrypt],
] as const)('%s with %s is what the channel then has', async (security, mode, wanted) => {
  expect(await securityOf({ security, mode })).toEqual([SecurityPolicy[security], wanted]);
});

test('best is the strongest that the server offers', async () => {
  expect(await securityOf({ security: 'best' })).toEqual([
    SecurityPolicy.Aes256_Sha256_RsaPss,
    MessageSecurityMode.SignAndEncrypt,
  ]);
});

test('the policies that are broken are refused by the configuration, with the reason', () => {
  for (const security of ['Basic128Rsa15', 'Basic256']) {
    const { error } = OpcuaConfig.safeParse({ endpoint: plant.endpoint, security });
    expect(error?.issues[0]?.message).toContain('no longer secure');
  }
});

test('a user comes in by password or by certificate; a wrong one is told what to look at', async () => {
  const { certificate, key } = aCertificate({ name: 'Operator', bits: 2048 });
  const userKey = String(key.export({ type: 'pkcs8', format: 'pem' }));
  const file = join(pki.path, 'operator.der');
  await writeFile(file, certificate.raw);
  const users = [
    [UserNameIdentityToken, { user: 'gateway', password: 'secret' }],
    [UserNameIdentityToken, { security: 'best', user: 'gateway', password: 'secret' }],
    [X509IdentityToken, { security: 'best', userCertificate: certificate.toString(), userKey }],
    [X509IdentityToken, { security: 'Basic256Sha256', mode: 'Sign', userCertificate: file, userKey }],
    [AnonymousIdentityToken, { security: 'best' }],
  ] as const;
  for (const [kind, user] of users) {
    await using link = await enter({ trustServer: true, ...user });
    expect(sessionOf(link)?.userIdentityToken).toBeInstanceOf(kind);
  }
  await expect(enter({ user: 'gateway', password: 'guess' })).rejects.toThrow(
    /BadUserAccessDenied.*Check user and password/,
  );
  const other = aCertificate();
  await expect(enter({ userCertificate: other.certificate.toString(), userKey })).rejects.toThrow(
    'userKey is not the key of userCertificate',
  );
  await expect(enter({ userCertificate: '/nowhere.pem', userKey })).rejects.toThrow(
    'userCertificate cannot be read (ENOENT)',
  );
});

test('a server that is not trusted is refused with its thumbprint, trusted by a person, and let in at the next attempt', async () => {
  await using folder = await scratchFolder();
  const refused = await enter({ security: 'best' }, folder.path).catch((err: unknown) => String(err));
  const waiting = (await listCertificates(folder.path)).find(({ state }) => state === 'rejected');
  expect(refused).toContain(`thumbprint ${waiting?.thumbprint}`);
  expect(refused).toContain('trust it on the page of certificates');
  await moveCertificate(folder.path, waiting!.thumbprint, 'trusted');
  await using link = await enter({ security: 'best' }, folder.path);
  expect(link.notices).toEqual([expect.stringContaining('but the source asks for 127.0.0.1')]);
});

test('a server full of sessions says so, and what helps', async () => {
  const held = await Promise.all([1, 2, 3].map(() => enter({})));
  const refused = await enter({}).catch((err: unknown) => String(err));
  expect(refused).toMatch(/BadTooManySessions.*close those that nobody needs/);
  await Promise.all(held.map((link) => link[Symbol.asyncDispose]()));
  await vi.waitFor(() => expect(plant.server.engine.currentSessionCount).toBe(0), { timeout: 5_000 });
});

test('fifty rounds of connecting and losing leave no session behind', { timeout: 90_000 }, async () => {
  for (let round = 0; round < 50; round++) {
    const link = await enter({});
    expect(plant.server.engine.currentSessionCount).toBeLessThanOrEqual(1);
    await link[Symbol.asyncDispose]();
  }
  await vi.waitFor(() => expect(plant.server.engine.currentSessionCount).toBe(0), { timeout: 5_000 });
});

const point = (tag: number, node: string) => aPoint(tag, OpcuaAddress.parse({ node }), 'text' as const);

test('a line that is cut again and again piles up no sessions either', { timeout: 90_000 }, async () => {
  await using line = await aRelay('127.0.0.1', Number(new URL(plant.endpoint).port));
  const config = configured({
    ...{ endpoint: `opc.tcp://127.0.0.1:${line.port}`, publishingMs: 100, history: false },
    ...{ security: 'best', trustServer: true },
  });
  const points = [point(1, 'nsu=urn:test:plant;s=pump.Label')];
  const plan = { config, points, pkiFolder: pki.path, dataFolder: pki.path };
  for (let round = 0; round < 20; round++) {
    const run = collect(opcua, plan);
    await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(0), { timeout: 10_000 });
    await line.cut();
    expect(await run.ended).toBeInstanceOf(Error);
    expect(plant.server.engine.currentSessionCount).toBeLessThanOrEqual(1);
    // A line that is down longer: an attempt finds nobody.
    if (round % 5 === 0) expect(await collect(opcua, plan).ended).toBeInstanceOf(Error);
    await line.restore();
  }
  const last = collect(opcua, plan);
  await vi.waitFor(() => expect(last.batches.length).toBeGreaterThan(0), { timeout: 10_000 });
  await last.stop();
  await vi.waitFor(() => expect(plant.server.engine.currentSessionCount).toBe(0), { timeout: 5_000 });
});

test('one that gives up while it connects leaves no session behind either', async () => {
  for (const wait of [1, 5, 10, 15, 20, 25, 30, 40]) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), wait);
    const link = await connect(configured({}), pki.path, stop.signal).catch(() => undefined);
    await link?.[Symbol.asyncDispose]();
  }
  await vi.waitFor(() => expect(plant.server.engine.currentSessionCount).toBe(0), { timeout: 5_000 });
});

test('a message that is larger than agreed is an error, not a wait without end', async () => {
  await using link = await enter({ maxMessageMegabytes: 1 });
  const value = { dataType: 'String', value: 'x'.repeat(3 * 1024 ** 2) };
  const write = link.session.write({
    nodeId: 'ns=3;s=pump.Label',
    attributeId: 13,
    value: { value },
  } as never);
  await expect(write).rejects.toThrow(/TooLarge|disconnected|closed/i);
});

test('a server that does not trust the gateway is named with what to show it; a renewed certificate gives it time', async () => {
  await using theirs = await scratchFolder();
  await using mine = await scratchFolder();
  const serverCertificateManager = new OPCUACertificateManager({
    rootFolder: theirs.path,
    automaticallyAcceptUnknownCertificate: false,
    disableFileWatchers: true,
  });
  await serverCertificateManager.initialize();
  await using wary = await opcuaPlant({ serverCertificateManager });
  const more = { endpoint: wary.endpoint, security: 'best', trustServer: true };
  const refused = await enter(more, mine.path).catch((err: unknown) => String(err));
  expect(refused).toContain("Have the gateway's own certificate");
  expect(refused).toContain(ownCertificateFile(mine.path));

  const { current } = await ownIdentity(mine.path);
  await serverCertificateManager.trustCertificate(current.certificate.raw);
  await (await enter(more, mine.path))[Symbol.asyncDispose]();

  await renewOwn(mine.path);
  await using link = await enter(more, mine.path);
  expect(link.notices).toContainEqual(
    expect.stringContaining("does not trust the gateway's new certificate yet"),
  );
});
