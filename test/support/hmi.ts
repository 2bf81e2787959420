import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket as ServerSocket } from 'ws';
import { encodeFrame } from '../../history/frame.ts';
import type { Quality, TagId } from '../../history/reading.ts';
import type { AlarmView } from '../../gateway/api/alarms.ts';
import type { TagView } from '../../gateway/api/plant.ts';
import type { LiveMessage, LiveRequest } from '../../platform/api/live.ts';
import type { Role, SessionState } from '../../platform/api/session.ts';

/** What a route answers: a value becomes JSON with 200, an answer is sent as it is. */
export class Answer {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown) {
    this.status = status;
    this.body = body;
  }
}

export interface Asked {
  url: URL;
  body: unknown;
}
type Routes = Record<string, (asked: Asked) => unknown>;

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text === '' ? undefined : JSON.parse(text);
}

/** A small daemon of the screens' own: routes are "METHOD /path". `use` makes relative addresses lead to it. */
export async function serve(routes: Routes) {
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const route = routes[`${request.method ?? ''} ${url.pathname}`];
      const given = await route?.({ url, body: await bodyOf(request) });
      const answer = given instanceof Answer ? given : new Answer(route === undefined ? 404 : 200, given);
      response.writeHead(answer.status, {
        'content-type': answer.status < 400 ? 'application/json' : 'application/problem+json',
      });
      response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    })();
  });
  const port = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    use: () =>
      (globalThis as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(
        `http://127.0.0.1:${port}/`,
      ),
    [Symbol.asyncDispose]: () => close(server),
  };
}

export interface Sample {
  tag: number;
  at: number;
  value: number | string | null;
  quality?: number;
}

/** The daemon's end of the live socket, in a test's hand. */
export async function liveServer(port = 0) {
  const sockets = new Set<ServerSocket>();
  const heard: LiveRequest[] = [];
  let connections = 0;
  let seq = 0;
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  wss.on('connection', (socket) => {
    connections++;
    seq = 0;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('message', (data) => heard.push(JSON.parse((data as Buffer).toString()) as LiveRequest));
  });
  const bound = await new Promise<number>((resolve) => {
    http.listen(port, '127.0.0.1', () => resolve((http.address() as AddressInfo).port));
  });
  const all = (data: string | Uint8Array) => {
    for (const socket of sockets) socket.send(data);
  };

  return {
    port: bound,
    url: `ws://127.0.0.1:${bound}/`,
    heard,
    connections: () => connections,
    /** The newest request of a kind. */
    last: (type: LiveRequest['type']) => heard.findLast((request) => request.type === type),
    say: (message: LiveMessage) => all(JSON.stringify(message)),
    hello: (epoch = 'e1', build = 'b1') =>
      all(JSON.stringify({ type: 'hello', epoch, build, now: Date.now() })),
    raw: all,
    frame: (samples: readonly Sample[], { skip = 0, snapshot = false } = {}) => {
      seq += 1 + skip;
      const readings = samples.map(({ tag, at, value, quality = 0 }) => ({
        tag: tag as TagId,
        at,
        value,
        quality: quality as Quality,
      }));
      all(encodeFrame({ seq, now: Date.now(), snapshot, readings }));
    },
    hangUp: () => {
      for (const socket of sockets) socket.terminate();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.terminate();
      wss.close();
      await close(http);
    },
  };
}

export const signedIn = (role: Role): SessionState => ({
  setUpNeeded: false,
  user: { id: 'u1', name: 'anna', role },
  daemon: 'gateway',
  title: 'Plant',
  timeZone: 'UTC',
});

export const aTag = (given: Partial<TagView> = {}): TagView => ({
  id: 1,
  name: 'PI-107',
  description: 'Reactor pressure',
  unit: 'kPa',
  kind: 'number',
  decimals: 1,
  area: 'Reactor',
  source: 'plc',
  address: 'ns=1;s=PI-107',
  expectedMs: 1000,
  limits: { range: [0, 4000], normal: [2600, 2800] },
  alarmLimits: [{ kind: 'high', limit: 2895, priority: 1 }],
  forecast: null,
  thin: null,
  write: null,
  ...given,
});

export const anAlarm = (given: Partial<AlarmView> = {}): AlarmView => ({
  id: 'a1',
  rule: 1,
  tag: 1,
  tagName: 'PI-107',
  description: 'Reactor pressure',
  unit: 'kPa',
  kind: 'high',
  priority: 1,
  state: 'active',
  limit: 2895,
  valueAtRaise: 2901.5,
  raisedAt: '2026-05-04T10:00:00.000Z',
  clearedAt: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  comment: null,
  consequence: 'The relief valve opens.',
  action: 'Open the purge valve.',
  area: 'Reactor',
  ...{ source: null, condition: null, severity: null, uncertain: false },
  ...given,
});
