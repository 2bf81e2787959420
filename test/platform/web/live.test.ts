import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { LiveMessage } from '../../../platform/api/live.ts';
import { openLive } from '../../../platform/web/rooms.ts';
import type { LiveFeed } from '../../../platform/web/rooms.ts';
import { aWeb, silent, transports } from '../../support/web.ts';

function aScreen(address: string, headers: Record<string, string>, target = '/api/v1/live') {
  const ws = new WebSocket(address.replace('http', 'ws') + target, { headers });
  const seen = { texts: [] as LiveMessage[], frames: [] as Buffer[], failed: '' };
  ws.on('message', (data: Buffer, isBinary) =>
    isBinary ? seen.frames.push(data) : seen.texts.push(JSON.parse(data.toString()) as LiveMessage),
  );
  ws.on('error', (err) => (seen.failed = err.message));
  return Object.assign(seen, { ws });
}
const asViewer = { authorization: 'Bearer viewer' };

describe.each(transports)('the live socket over %s', (transport) => {
  test('greets a viewer, then brings what happens in the rooms joined and the frames of the tags watched', async () => {
    const feed: LiveFeed = {
      watch: (socket, tags) => void socket.send(Buffer.from(tags)),
      closed: () => undefined,
    };
    using live = openLive({ log: silent, feed });
    await using web = await aWeb({ transport, live });
    const screen = aScreen(web.address, { ...asViewer, origin: web.address });
    await expect.poll(() => screen.texts[0]).toMatchObject({ type: 'hello', build: 'unknown' });
    screen.ws.send('{"type":"join","rooms":["alarms"]}');
    screen.ws.send('{"type":"watch","tags":[4,2]}');
    await expect.poll(() => screen.frames).toEqual([Buffer.from([4, 2])]);
    live.publish('jobs');
    live.publish('alarms', { id: 'a' });
    await expect
      .poll(() => screen.texts.filter(({ type }) => type === 'room'))
      .toEqual([{ type: 'room', room: 'alarms', body: { id: 'a' } }]);
    await expect
      .poll(() => screen.texts.some(({ type }) => type === 'heartbeat'), { timeout: 3000 })
      .toBe(true);
    expect(live.sockets).toBe(1);
    screen.ws.close();
    await expect.poll(() => live.sockets).toBe(0);
  });

  test.for([
    ['nobody in particular', {}, '/api/v1/live', 401],
    ['a page of another site', { ...asViewer, origin: 'https://elsewhere.example' }, '/api/v1/live', 403],
    ['a wrong place', asViewer, '/api/v1/readings', 404],
  ] as const)('is closed to %s', async ([, headers, target, status]) => {
    using live = openLive({ log: silent });
    await using web = await aWeb({ transport, live });
    const screen = aScreen(web.address, headers, target);
    await expect.poll(() => screen.failed).toBe(`Unexpected server response: ${status}`);
    expect(live.sockets).toBe(0);
  });
});
