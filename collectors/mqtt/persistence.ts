import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { covers } from './filter.ts';
import { openJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { Kept } from './kept.ts';
import type { Limits, Note, Qos, Waiting } from './kept.ts';

/** What the broker hands over: a message, or a word about one. */
interface Packet {
  readonly cmd?: string;
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly messageId?: number | undefined;
}
interface Who {
  readonly id: string;
}

const NOTHING = Buffer.alloc(0);
const done = (): Promise<void> => Promise.resolve();

interface Options {
  /** Undefined: all is forgotten with the process. */
  readonly folder: string | undefined;
  readonly limits: Limits;
  readonly dropped: (what: string, client: string | undefined) => void;
  readonly userOf: (client: string) => string;
}

export async function openPersistence(options: Options): Promise<Persistence> {
  let replaying = true;
  const kept = new Kept(options.limits, (what, client) => {
    if (!replaying) options.dropped(what, client);
  });
  let journal: Journal<Note> | undefined;
  if (options.folder !== undefined) {
    const { entries, begin } = await openJournal<Note>(options.folder, 'broker.log');
    for (const entry of entries) kept.apply(entry);
    journal = await begin(() => kept.notes());
  }
  replaying = false;
  return new Persistence(kept, journal, options.userOf);
}

/** What the broker asks of its store (aedes-persistence 11), and `secure`, which is ours. */
export class Persistence implements AsyncDisposable {
  readonly kept: Kept;
  readonly #journal: Journal<Note> | undefined;
  readonly #userOf: Options['userOf'];
  /** The same bytes travel with a message through all of the broker: they tell which one it is. */
  readonly #keys = new WeakMap<object, string>();
  readonly #wills = new Map<string, Packet>();
  /** Of clients without a session: ids of QoS 2 messages they have not released. */
  readonly #passing = new Map<string, Set<number>>();

  constructor(kept: Kept, journal: Journal<Note> | undefined, userOf: Options['userOf']) {
    this.kept = kept;
    this.#journal = journal;
    this.#userOf = userOf;
    for (const { queue } of kept.sessions.values()) {
      for (const { payload, key } of queue.values()) this.#keys.set(payload, key);
    }
  }

  /** Settles when the message is where it will be found after a crash: it may then be acknowledged. Undefined: it need not. */
  secure(packet: Packet): Promise<void> | undefined {
    const clients = packet.qos > 0 ? this.kept.wanting(packet.topic) : [];
    if (clients.length > 0) this.#enqueue(clients, packet);
    if (packet.retain) this.#retain(packet);
    return clients.length > 0 || packet.retain ? this.#flush() : undefined;
  }

  /** A QoS 2 message that came before and is not released: it comes again only because our answer was lost. */
  isHeld(client: string, messageId: number | undefined): boolean {
    return this.#held(client).has(messageId ?? 0);
  }

  // The broker insists on an async function here.
  async setup(): Promise<void> {
    await done();
  }

  storeRetained(packet: Packet): Promise<void> {
    this.#retain(packet);
    return done();
  }
  createRetainedStreamCombi(filters: readonly string[]): Readable {
    const all = [...this.kept.retained.values()];
    return Readable.from(all.filter(({ topic }) => filters.some((filter) => covers(filter, topic))));
  }
  createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter]);
  }

  addSubscriptions({ id: client }: Who, wanted: readonly { topic: string; qos: Qos }[]): Promise<void> {
    const filters = wanted.map(({ topic, qos }): [string, Qos] => [topic, qos]);
    this.#note({ is: 'subscribe', client, user: this.#userOf(client), filters });
    return this.#flush();
  }
  removeSubscriptions({ id: client }: Who, filters: readonly string[]): Promise<void> {
    this.#note({ is: 'unsubscribe', client, filters });
    return this.#flush();
  }
  subscriptionsByClient({ id }: Who): Promise<{ topic: string; qos: Qos }[]> {
    const filters = [...(this.kept.sessions.get(id)?.filters ?? [])];
    return Promise.resolve(filters.map(([topic, qos]) => ({ topic, qos })));
  }
  subscriptionsByTopic(topic: string): Promise<{ clientId: string; topic: string; qos: Qos }[]> {
    return Promise.resolve(this.kept.wanting(topic).map((clientId) => ({ clientId, topic, qos: 1 })));
  }
  cleanSubscriptions({ id: client }: Who): Promise<void> {
    if (this.kept.sessions.has(client)) this.#note({ is: 'forget', client });
    return done();
  }
  countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    const sessions = [...this.kept.sessions.values()];
    const subsCount = sessions.reduce((sum, { filters }) => sum + filters.size, 0);
    return Promise.resolve({ subsCount, clientsCount: sessions.length });
  }

  outgoingEnqueue({ clientId }: { clientId: string }, packet: Packet): Promise<void> {
    this.#enqueue([clientId], packet);
    return done();
  }
  outgoingEnqueueCombi(wanting: readonly { clientId: string }[], packet: Packet): Promise<void> {
    if (wanting.length > 0) this.#enqueue(wanting.map(({ clientId }) => clientId), packet); // prettier-ignore
    return done();
  }
  /** Tells under which id a message was sent, or (PUBREL) that the client has it. One that was dropped meanwhile is no fault. */
  outgoingUpdate({ id: client }: Who, packet: Packet): Promise<void> {
    const waiting = this.#waiting(client, packet);
    const { messageId: id } = packet;
    if (waiting === undefined || id === undefined) return done();
    if (packet.cmd === 'pubrel') this.#note({ is: 'received', client, key: waiting.key, id });
    else this.kept.sent(client, waiting.key, id);
    return done();
  }
  outgoingClearMessageId({ id: client }: Who, packet: Packet): Promise<Packet | undefined> {
    const waiting = this.#waiting(client, packet);
    if (waiting !== undefined) this.#note({ is: 'dequeue', client, key: waiting.key });
    return Promise.resolve(waiting);
  }
  outgoingStream({ id }: Who): Readable {
    const queue = [...(this.kept.sessions.get(id)?.queue.values() ?? [])];
    return Readable.from(
      queue.map((one) =>
        one.received
          ? { cmd: 'pubrel', messageId: one.messageId }
          : { ...one, cmd: 'publish', dup: one.messageId !== undefined },
      ),
    );
  }

  incomingStorePacket({ id: client }: Who, { messageId: id = 0 }: Packet): Promise<void> {
    if (this.kept.sessions.has(client)) {
      this.#note({ is: 'hold', client, id });
      return this.#flush();
    }
    this.#passing.set(client, this.#held(client).add(id));
    return done();
  }
  incomingGetPacket({ id }: Who, packet: Packet): Promise<Packet> {
    return this.isHeld(id, packet.messageId)
      ? Promise.resolve(packet)
      : Promise.reject(new Error('No such message.'));
  }
  incomingDelPacket({ id: client }: Who, { messageId: id = 0 }: Packet): Promise<void> {
    if (this.kept.sessions.has(client)) this.#note({ is: 'let go', client, id });
    else this.#held(client).delete(id);
    return done();
  }
  cleanIncoming({ id }: Who): Promise<void> {
    this.#passing.delete(id);
    return done();
  }

  putWill({ id: clientId }: Who, will: Packet): Promise<void> {
    this.#wills.set(clientId, Object.assign(will, { clientId }));
    return done();
  }
  getWill({ id }: Who): Promise<Packet | undefined> {
    return Promise.resolve(this.#wills.get(id));
  }
  delWill({ id }: Who): Promise<Packet | undefined> {
    const will = this.#wills.get(id);
    this.#wills.delete(id);
    return Promise.resolve(will);
  }
  /** The wills of other brokers of a cluster: there are none. */
  streamWill(): Readable {
    return Readable.from([]);
  }
  getClientList(filter: string): Readable {
    const those = [...this.kept.sessions].filter(([, { filters }]) => filters.has(filter));
    return Readable.from(those.map(([client]) => client));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal?.[Symbol.asyncDispose]();
  }

  #flush(): Promise<void> {
    return this.#journal?.flush() ?? done();
  }

  #note(note: Note, payload: Uint8Array = NOTHING): void {
    this.kept.apply({ note, payload });
    // The broker's own figures are made anew with each start.
    if (note.is !== 'retain' || !note.topic.startsWith('$')) this.#journal?.append({ note, payload });
  }

  #held(client: string): Set<number> {
    return this.kept.sessions.get(client)?.held ?? this.#passing.get(client) ?? new Set<number>();
  }

  #enqueue(clients: readonly string[], packet: Packet): void {
    const payload = bytesOf(packet);
    const key = this.#keys.get(payload) ?? randomUUID();
    this.#keys.set(payload, key);
    const missing = clients.filter((client) => this.kept.sessions.get(client)?.queue.has(key) === false);
    if (missing.length === 0) return;
    const { topic, qos, retain } = packet;
    // A copy: the bytes of a packet are a window on the chunk in which they arrived.
    const own = Buffer.from(payload);
    this.#keys.set(own, key);
    this.#note({ is: 'enqueue', clients: missing, key, topic, qos, retain }, own);
  }

  #retain(packet: Packet): void {
    const payload = bytesOf(packet);
    if (this.kept.retained.get(packet.topic)?.payload.equals(payload) === true) return;
    this.#note({ is: 'retain', topic: packet.topic, qos: packet.qos }, Buffer.from(payload));
  }

  #waiting(client: string, { payload, messageId }: Partial<Packet>): Waiting | undefined {
    const queue = this.kept.sessions.get(client)?.queue;
    const key = typeof payload === 'object' ? this.#keys.get(payload) : undefined;
    if (key !== undefined) return queue?.get(key);
    if (messageId === undefined) return undefined;
    return this.kept.sentAs(client, messageId);
  }
}

const bytesOf = ({ payload }: Packet): Buffer =>
  typeof payload === 'string' ? Buffer.from(payload) : payload;
