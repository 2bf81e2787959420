import '../../../collectors/opcua/quiet.ts';
import {
  DataType,
  DataValue,
  NotificationMessage,
  ReadResponse,
  StatusCodes,
  Variant,
} from 'node-opcua-client';
import type { ReadRequest, StatusCode } from 'node-opcua-client';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import { scriptedServer } from '../../support/opcua-scripted.ts';
import type { ScriptedServer } from '../../support/opcua-scripted.ts';
import { scratchFolder } from '../../support/opcua-server.ts';

let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  pki = await scratchFolder();
});
afterAll(() => pki[Symbol.asyncDispose]());

const WAIT = { timeout: 20_000 };
const SERVICE_LEVEL = 'ns=0;i=2267';
/** A server of a set: its level, or why it says none; undefined: not a word. */
async function member(said: { level: number | StatusCode | undefined }): Promise<ScriptedServer> {
  const server = await scriptedServer({
    ReadRequest({ nodesToRead }: ReadRequest) {
      if (said.level === undefined) return undefined;
      if (typeof said.level !== 'number') return said.level;
      const value = new Variant({ dataType: DataType.Byte, value: said.level });
      const results = (nodesToRead ?? []).map(({ nodeId }) =>
        nodeId.toString() === SERVICE_LEVEL
          ? new DataValue({ value })
          : new DataValue({ statusCode: StatusCodes.BadNodeIdUnknown }),
      );
      return new ReadResponse({ results });
    },
  });
  const keepAlive = () => new NotificationMessage({ sequenceNumber: 1, publishTime: new Date() });
  const beat = setInterval(() => void (server.waiting() > 1 && server.say(keepAlive())), 500);
  onTestFinished(async () => {
    clearInterval(beat);
    await server[Symbol.asyncDispose]();
  });
  return server;
}

function client(first: ScriptedServer, second: ScriptedServer) {
  const config = OpcuaConfig.parse({
    ...{ endpoint: first.endpoint, endpoints: [second.endpoint] },
    ...{ publishingMs: 100, history: false },
  });
  const points = [aPoint(1, OpcuaAddress.parse({ node: 'ns=2;s=level' }))];
  const run = collect(opcua, { config, points, pkiFolder: pki.path, dataFolder: pki.path });
  onTestFinished(async () => {
    await run.stop();
  });
  return run;
}
const subscribed = ({ requests }: ScriptedServer) => requests.includes('CreateSubscriptionRequest');

test('a server of the set that opens a session and then says nothing is not waited for longer than others', async () => {
  const [hung, stuck] = [await member({ level: undefined }), await member({ level: undefined })];
  const { ended } = client(hung, stuck);
  const silent = 'no answer within 4 s.';
  expect(await ended).toMatchObject({
    message: `None of the servers can be reached. ${hung.endpoint}: ${silent} ${stuck.endpoint}: ${silent}`,
  });
  const well = await member({ level: 200 });
  client(hung, well);
  await vi.waitFor(() => expect(subscribed(well)).toBe(true), WAIT);
});

test('a server that once fails to state its level is still left when it becomes worse than another', async () => {
  const [first, second] = [{ level: 250 as number | StatusCode }, { level: 220 }];
  const [main, spare] = [await member(first), await member(second)];
  const reads = () => main.requests.filter((name) => name === 'ReadRequest').length;
  client(main, spare);
  await vi.waitFor(() => expect(subscribed(main)).toBe(true), WAIT);
  first.level = StatusCodes.BadTooManyOperations;
  const before = reads();
  await vi.waitFor(() => expect(reads()).toBeGreaterThan(before), WAIT);
  first.level = 100;
  await vi.waitFor(() => expect(subscribed(spare)).toBe(true), WAIT);
});

test('a session that was resumed at a server that then hangs is there for the next attempt', async () => {
  const said: { level: number | undefined } = { level: 250 };
  const [main, spare] = [await member(said), await member({ level: undefined })];
  const first = client(main, spare);
  await vi.waitFor(() => expect(main.waiting()).toBeGreaterThan(0), WAIT);
  said.level = undefined;
  main.drop();
  expect(await first.ended).toBeInstanceOf(Error);
  expect(String(await client(main, spare).ended)).toContain('None of the servers can be reached');
  said.level = 250;
  client(main, spare);
  await vi.waitFor(() => expect(main.waiting()).toBeGreaterThan(0), WAIT);
  const asked = (name: string) => main.requests.filter((one) => one === name).length;
  expect([asked('ActivateSessionRequest'), asked('CreateSessionRequest')]).toEqual([3, 1]);
  expect(asked('CloseSessionRequest')).toBe(0);
});
