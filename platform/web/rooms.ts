import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { LiveMessage, LiveRequest, Room } from '../api/live.ts';
import type { Logger } from '../log.ts';
import type { Socket, SocketEvents } from './server.ts';

const HEARTBEAT_MS = 1_000;
const CHECK_MS = 10_000;
/** A peer that has taken nothing for so many heartbeats is gone. */
const DEAF_BEATS = 30;
const SIGNED_OUT = 4401;
const NOT_UNDERSTOOD = 1008;

/** What answers `watch`: the gateway's live readings. Frames that were refused are sent again on `drained`. */
export interface LiveFeed {
  watch(socket: Socket, tags: readonly number[]): void;
  drained?(socket: Socket): void;
  closed(socket: Socket): void;
}

export interface LiveOptions {
  readonly log: Logger;
  readonly feed?: LiveFeed;
}

/** Somebody at a screen. */
interface Visitor {
  /** The build of the screens that this daemon serves. */
  readonly build: string;
  /** Asked every 10 s: false once the session has ended. */
  isAllowed(): Promise<boolean>;
}

/** The live socket: rooms for all that changes, and a feed for readings. See api/live.ts. */
export interface Live extends Disposable {
  /** Tells everybody in the room. Without `body`: fetch the room's subject again. */
  publish(room: Room, body?: unknown): void;
  readonly sockets: number;
  /** For one socket, which is let in already. */
  converse(visitor: Visitor): SocketEvents;
}

interface Listener {
  readonly visitor: Visitor;
  rooms: ReadonlySet<Room>;
  /** Rooms whose message could not be sent: they are announced when there is space again. */
  readonly missed: Set<Room>;
  deafBeats: number;
}

const ROOMS = [
  'alarms',
  'sources',
  'jobs',
  'trainings',
  'models',
  'forecasts',
  'sites',
] as const satisfies Room[];
const Request: z.ZodType<LiveRequest> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('watch'), tags: z.array(z.number().int().min(0)).max(10_000) }),
  z.strictObject({ type: z.literal('join'), rooms: z.array(z.enum(ROOMS)).max(ROOMS.length) }),
]);

const say = (socket: Socket, message: LiveMessage): boolean => socket.send(JSON.stringify(message));

export function openLive({ log, feed }: LiveOptions): Live {
  const epoch = randomUUID();
  const listeners = new Map<Socket, Listener>();
  const beats = setInterval(() => beat(listeners), HEARTBEAT_MS).unref();
  const checks = setInterval(() => void dismissSignedOut(listeners, log), CHECK_MS).unref();

  return {
    get sockets() {
      return listeners.size;
    },
    publish(room, body) {
      const message: LiveMessage = { type: 'room', room, ...(body === undefined ? {} : { body }) };
      for (const [socket, listener] of listeners) {
        if (listener.rooms.has(room) && !say(socket, message)) listener.missed.add(room);
      }
    },
    converse: (visitor) => ({
      open(socket) {
        listeners.set(socket, { visitor, rooms: new Set(), missed: new Set(), deafBeats: 0 });
        say(socket, { type: 'hello', epoch, build: visitor.build, now: Date.now() });
      },
      message(socket, message) {
        const request = understand(message);
        if (request === undefined) socket.close(NOT_UNDERSTOOD, 'That message is not understood.');
        else if (request.type === 'watch') feed?.watch(socket, request.tags);
        else join(listeners.get(socket), request.rooms);
      },
      drain(socket) {
        announceMissed(socket, listeners.get(socket));
        feed?.drained?.(socket);
      },
      closed(socket) {
        listeners.delete(socket);
        feed?.closed(socket);
      },
    }),
    [Symbol.dispose]() {
      clearInterval(beats);
      clearInterval(checks);
    },
  };
}

function understand(message: string | Uint8Array): LiveRequest | undefined {
  if (typeof message !== 'string') return undefined;
  try {
    return Request.safeParse(JSON.parse(message)).data;
  } catch {
    return undefined;
  }
}

function join(listener: Listener | undefined, rooms: readonly Room[]): void {
  if (listener === undefined) return;
  listener.rooms = new Set(rooms);
  listener.missed.clear();
}

function announceMissed(socket: Socket, listener: Listener | undefined): void {
  for (const room of listener?.missed ?? []) {
    if (!say(socket, { type: 'room', room })) return;
    listener?.missed.delete(room);
  }
}

function beat(listeners: ReadonlyMap<Socket, Listener>): void {
  const now = Date.now();
  for (const [socket, listener] of listeners) {
    const heard = say(socket, { type: 'heartbeat', now });
    listener.deafBeats = heard ? 0 : listener.deafBeats + 1;
    if (listener.deafBeats >= DEAF_BEATS) socket.close(1001, 'Nothing is taken any more.');
  }
}

async function dismissSignedOut(listeners: ReadonlyMap<Socket, Listener>, log: Logger): Promise<void> {
  for (const [socket, { visitor }] of [...listeners]) {
    const allowed = await visitor.isAllowed().catch((err: unknown) => {
      log.debug({ err }, 'Cannot check who is at a live socket; it stays open.');
      return true;
    });
    if (!allowed) socket.close(SIGNED_OUT, 'Signed out.');
  }
}
