import '../../../collectors/opcua/quiet.ts';
import { StatusCodes } from 'node-opcua-client';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { Left } from '../../../collectors/opcua/collect.ts';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { find, forget, keep } from '../../../collectors/opcua/left.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import type { Session } from '../../../collectors/opcua/session.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import { scriptedServer } from '../../support/opcua-scripted.ts';
import { scratchFolder } from '../../support/opcua-server.ts';

let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  pki = await scratchFolder();
});
afterAll(() => pki[Symbol.asyncDispose]());

const MINUTE = 60_000;
const left = (timeout: number) => ({ session: { timeout } as unknown as Session }) as Left;

test('what a link has left is forgotten when the server drops the session, however often it was looked for', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  keep('pump', left(MINUTE));
  for (let s = 0; s < 59; s++) {
    vi.advanceTimersByTime(1_000);
    expect(find('pump')?.session.timeout).toBe(MINUTE);
  }
  vi.advanceTimersByTime(1_000);
  expect(find('pump')).toBeUndefined();
});

test('the age of an earlier session is not that of the one after it', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  keep('pump', left(MINUTE));
  vi.advanceTimersByTime(50_000);
  keep('pump', left(2 * MINUTE));
  vi.advanceTimersByTime(MINUTE);
  expect(find('pump')?.session.timeout).toBe(2 * MINUTE);
  forget('pump');
  expect(find('pump')).toBeUndefined();
});

test.each([
  ['a source that is stopped while its line is lost leaves nothing to go on with', true, 2],
  ['a source whose line is lost goes on with its session', false, 1],
])('%s', async (_, stops, sessions) => {
  await using server = await scriptedServer({ ReadRequest: () => undefined });
  const config = OpcuaConfig.parse({ endpoint: server.endpoint, publishingMs: 100, history: false });
  const points = [aPoint(1, OpcuaAddress.parse({ node: 'ns=2;s=level' }))];
  const start = () => {
    const run = collect(opcua, { config, points, pkiFolder: pki.path, dataFolder: pki.path });
    onTestFinished(async () => {
      server.drop();
      await run.stop();
    });
    return run;
  };
  const count = (name: string) => server.requests.filter((one) => one === name).length;
  const first = start();
  await vi.waitFor(() => expect(count('ReadRequest')).toBe(1), { timeout: 15_000 });
  if (stops) void first.stop();
  server.drop();
  expect(await first.ended).toBeInstanceOf(Error);

  server.script['ReadRequest'] = () => StatusCodes.BadServiceUnsupported;
  await start().ended;
  expect(count('CreateSessionRequest')).toBe(sessions);
});
