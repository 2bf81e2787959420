import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../collectors/opcua/config.ts';
import { opcua } from '../../collectors/opcua/opcua.ts';
import { listCertificates, moveCertificate } from '../../collectors/opcua/pki/list.ts';
import { ownIdentity } from '../../collectors/opcua/pki/own.ts';
import { connect } from '../../collectors/opcua/session.ts';
import type { TagId } from '../../history/reading.ts';
import { aPoint, collect } from '../support/collecting.ts';
import { freePort, server } from '../support/foreign.ts';
import { aCertificate } from '../support/opcua-certificates.ts';

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const signal = new AbortController().signal;
const theirs = aCertificate({ name: 'PLC', hosts: ['127.0.0.1'], bits: 2048 });
let folder: string;

beforeAll(async () => {
  execFileSync('bash', [script('./open62541.sh'), 'build'], { stdio: 'inherit' });
  folder = execFileSync('bash', [script('./open62541-secure.sh'), 'build'])
    .toString()
    .trim();
  await writeFile(join(folder, 'server.der'), theirs.certificate.raw);
  await writeFile(join(folder, 'server.key'), theirs.key.export({ type: 'pkcs1', format: 'der' }));
});

/** A server that trusts one client: this gateway, or somebody else. */
async function plc(trusts: 'us' | 'somebody else') {
  const pki = await mkdtemp(join(tmpdir(), 'penstock-opcua-'));
  onTestFinished(() => rm(pki, { recursive: true }));
  const { certificate } = trusts === 'us' ? (await ownIdentity(pki)).current : aCertificate({ bits: 2048 });
  await writeFile(join(folder, 'trusted.der'), certificate.raw);
  const port = await freePort();
  await server(port, 'bash', [script('./open62541-secure.sh'), 'serve', String(port)]);
  const configured = (more: object) =>
    OpcuaConfig.parse({ endpoint: `opc.tcp://127.0.0.1:${port}`, publishingMs: 200, ...more });
  return { pki, configured };
}

test('every policy and mode, each kind of user, a wrong password; nobody is let in untrusted', async () => {
  const { pki, configured } = await plc('us');
  await expect(connect(configured({ security: 'best' }), pki, signal)).rejects.toThrow('not trusted yet');
  const waiting = (await listCertificates(pki)).find(({ state }) => state === 'rejected');
  await moveCertificate(pki, waiting!.thumbprint, 'trusted');
  for (const security of ['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss', 'best']) {
    for (const mode of ['Sign', 'SignAndEncrypt']) {
      for (const user of [{}, { user: 'user1', password: 'password' }]) {
        await using link = await connect(configured({ security, mode, ...user }), pki, signal);
        expect(link.session.sessionId.toString()).not.toBe('');
      }
    }
  }
  const guess = configured({ security: 'best', user: 'user1', password: 'guess' });
  await expect(connect(guess, pki, signal)).rejects.toThrow('Check user and password');
});

test('a server that does not trust this gateway is named with what to show it', async () => {
  const { pki, configured } = await plc('somebody else');
  const config = configured({ security: 'best', trustServer: true });
  await expect(connect(config, pki, signal)).rejects.toThrow("Have the gateway's own certificate");
});

test('its nodes are browsed, tried and written to in their own types', async () => {
  const { pki, configured } = await plc('us');
  const config = configured({ security: 'best', trustServer: true, user: 'user1', password: 'password' });
  const at = (tag: number, name: string, more: object = {}) =>
    aPoint(tag, OpcuaAddress.parse({ node: `nsu=urn:test:secure;s=${name}`, ...more }));
  const points = [
    at(1, 'level'),
    at(2, 'total'),
    at(3, 'open'),
    at(4, 'ratio'),
    at(5, 'matrix', { index: '1,2' }),
  ];
  const run = collect(opcua, { config, points, pkiFolder: pki, dataFolder: pki });
  onTestFinished(async () => {
    await run.stop();
  });
  await vi.waitFor(() => expect(run.of(1)).toHaveLength(1), { timeout: 20_000 });

  expect((await run.collector.test!(signal)).every(({ ok }) => ok)).toBe(true);
  const { places } = await run.collector.browse!(
    { place: null, search: '', limit: 100, after: null },
    signal,
  );
  expect(places.find(({ name }) => name === 'level')).toMatchObject({
    address: { node: 'nsu=urn:test:secure;s=level' },
    ...{ kind: 'number', type: 'Double', value: 12.5, writable: true },
  });
  const orders = [
    { tag: 1 as TagId, value: 13.25 },
    { tag: 2 as TagId, value: '-9223372036854775808' },
    { tag: 3 as TagId, value: 1 },
    { tag: 4 as TagId, value: 0.1 },
    { tag: 5 as TagId, value: 66 },
  ];
  expect(await run.collector.write!(orders, signal)).toEqual([
    { tag: 1, state: 'verified', readBack: 13.25 },
    { tag: 2, state: 'verified', readBack: '-9223372036854775808' },
    { tag: 3, state: 'verified', readBack: 1 },
    { tag: 4, state: 'verified', readBack: Math.fround(0.1) },
    { tag: 5, state: 'verified', readBack: 66 },
  ]);
});
