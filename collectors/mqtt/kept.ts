import { topicTree } from './filter.ts';
import type { Entry } from './journal.ts';

export type Qos = 0 | 1 | 2;

/** A message that waits for a session. */
export interface Waiting {
  readonly key: string;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Under which it was sent. */
  messageId: number | undefined;
  /** QoS 2: the client has it, and is to be told to release it. */
  received: boolean;
}

/** What outlives the connection of a client (MQTT 3.1.1, 3.1.2.4). */
export interface Session {
  readonly user: string;
  readonly filters: Map<string, Qos>;
  /** Oldest first. */
  readonly queue: Map<string, Waiting>;
  bytes: number;
  /** The keys of messages by the id under which they were sent. */
  readonly sent: Map<number, string>;
  /** Ids of QoS 2 messages that the client has sent and not released. */
  readonly held: Set<number>;
}

export interface Retained {
  readonly cmd: 'publish';
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
}

/** What can happen to what is kept. */
export type Note =
  | {
      readonly is: 'subscribe';
      readonly client: string;
      readonly user: string;
      readonly filters: [string, Qos][];
    }
  | { readonly is: 'unsubscribe'; readonly client: string; readonly filters: readonly string[] }
  | { readonly is: 'forget'; readonly client: string }
  | { readonly is: 'retain'; readonly topic: string; readonly qos: Qos }
  | {
      readonly is: 'enqueue';
      readonly clients: readonly string[];
      readonly key: string;
      readonly topic: string;
      readonly qos: Qos;
      readonly retain: boolean;
    }
  | { readonly is: 'dequeue'; readonly client: string; readonly key: string }
  | { readonly is: 'received'; readonly client: string; readonly key: string; readonly id: number }
  | { readonly is: 'hold'; readonly client: string; readonly id: number }
  | { readonly is: 'let go'; readonly client: string; readonly id: number };

export interface Limits {
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  readonly maxRetained: number;
}

/** What a broker keeps for those who are away. Every change is a note, so that a log of notes is all of it. */
export class Kept {
  readonly sessions = new Map<string, Session>();
  readonly retained = new Map<string, Retained>();
  readonly #wants = topicTree<string>();
  readonly #limits: Limits;
  readonly #dropped: (what: string, client: string | undefined) => void;

  constructor(limits: Limits, dropped: (what: string, client: string | undefined) => void) {
    this.#limits = limits;
    this.#dropped = dropped;
  }

  /** The sessions that want a topic at QoS 1 or 2. */
  wanting(topic: string): string[] {
    if (this.sessions.size === 0) return [];
    return [...new Set(this.#wants.match(topic))];
  }

  /** A message was sent, and is to be acknowledged, under this id. */
  sent(client: string, key: string, messageId: number): void {
    const session = this.sessions.get(client);
    const waiting = session?.queue.get(key);
    if (session === undefined || waiting === undefined) return;
    waiting.messageId = messageId;
    session.sent.set(messageId, key);
  }

  sentAs(client: string, messageId: number): Waiting | undefined {
    const session = this.sessions.get(client);
    return session?.queue.get(session.sent.get(messageId) ?? '');
  }

  apply({ note, payload: bytes }: Entry<Note>): void {
    const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (note.is === 'subscribe') this.#subscribe(note);
    else if (note.is === 'retain') this.#retain({ ...note, payload });
    else if (note.is === 'enqueue') this.#enqueue(note, payload);
    else this.#change(note);
  }

  #change(note: Exclude<Note, { is: 'subscribe' | 'retain' | 'enqueue' }>): void {
    const session = this.sessions.get(note.client);
    if (session === undefined) return;
    switch (note.is) {
      case 'unsubscribe':
        for (const filter of note.filters) this.#unsubscribe(note.client, session, filter);
        break;
      case 'forget':
        for (const filter of session.filters.keys()) this.#unsubscribe(note.client, session, filter);
        this.sessions.delete(note.client);
        break;
      case 'dequeue':
        remove(session, note.key);
        break;
      case 'received':
        this.#received(session, note);
        break;
      case 'hold':
        session.held.add(note.id);
        break;
      case 'let go':
        session.held.delete(note.id);
    }
  }

  #received(session: Session, { client, key, id }: Extract<Note, { is: 'received' }>): void {
    const waiting = session.queue.get(key);
    if (waiting !== undefined) waiting.received = true;
    this.sent(client, key, id);
  }

  /** The same in as few notes as it takes. */
  notes(): Entry<Note>[] {
    const none = Buffer.alloc(0);
    const retained = [...this.retained.values()]
      .filter(({ topic }) => !topic.startsWith('$'))
      .map(({ topic, qos, payload }) => ({ note: { is: 'retain' as const, topic, qos }, payload }));
    const sessions = [...this.sessions].flatMap(([client, { user, filters, queue, held }]) => [
      { note: { is: 'subscribe' as const, client, user, filters: [...filters] }, payload: none },
      ...[...held].map((id) => ({ note: { is: 'hold' as const, client, id }, payload: none })),
      ...[...queue.values()].flatMap(({ key, topic, qos, retain, payload, received, messageId }) => [
        { note: { is: 'enqueue' as const, clients: [client], key, topic, qos, retain }, payload },
        ...(received && messageId !== undefined
          ? [{ note: { is: 'received' as const, client, key, id: messageId }, payload: none }]
          : []),
      ]),
    ]);
    return [...retained, ...sessions];
  }

  #subscribe({ client, user, filters }: Extract<Note, { is: 'subscribe' }>): void {
    const session: Session = this.sessions.get(client) ?? {
      ...{ user, bytes: 0 },
      ...{ filters: new Map<string, Qos>(), queue: new Map<string, Waiting>(), held: new Set<number>() },
      sent: new Map<number, string>(),
    };
    this.sessions.set(client, session);
    for (const [filter, qos] of filters) {
      session.filters.set(filter, qos);
      if (qos > 0) this.#wants.add(filter, client);
      else this.#wants.remove(filter, client);
    }
  }

  #unsubscribe(client: string, session: Session, filter: string): void {
    session.filters.delete(filter);
    this.#wants.remove(filter, client);
  }

  #retain({ topic, qos, payload }: Omit<Retained, 'cmd'>): void {
    if (payload.length === 0) this.retained.delete(topic);
    else if (this.retained.has(topic) || this.retained.size < this.#limits.maxRetained)
      this.retained.set(topic, { cmd: 'publish', topic, qos, payload });
    else this.#dropped(`the retained message of ${topic}`, undefined);
  }

  #enqueue({ clients, key, topic, qos, retain }: Extract<Note, { is: 'enqueue' }>, payload: Buffer): void {
    for (const client of clients) {
      const session = this.sessions.get(client);
      if (session === undefined || session.queue.has(key)) continue;
      session.queue.set(key, { key, topic, payload, qos, retain, messageId: undefined, received: false });
      session.bytes += payload.length;
      for (const [oldest, { topic: its }] of session.queue) {
        if (session.queue.size <= this.#limits.maxQueued && session.bytes <= this.#limits.maxQueuedBytes)
          break;
        remove(session, oldest);
        this.#dropped(`the oldest message, of ${its},`, client);
      }
    }
  }
}

function remove(session: Session, key: string): void {
  const waiting = session.queue.get(key);
  if (waiting === undefined) return;
  session.bytes -= waiting.payload.length;
  session.queue.delete(key);
  if (waiting.messageId !== undefined) session.sent.delete(waiting.messageId);
}
