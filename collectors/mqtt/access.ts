import { createHash, timingSafeEqual } from 'node:crypto';
import type { AedesOptions, Client, ConnectPacket, PublishPacket } from 'aedes';
import type { BrokerConfig, User } from './config.ts';
import type { Figures } from './figures.ts';
import type { Line } from './line.ts';
import type { Message } from './message.ts';
import type { Persistence } from './persistence.ts';
import { waitingRoom } from './read-on.ts';
import { isDeeper } from './filter.ts';
import { rightsOf } from './rights.ts';
import { shown } from './shown.ts';
import type { Visitors } from './visitors.ts';

type Rules = Required<
  Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe'>
>;

export interface House {
  readonly config: BrokerConfig;
  readonly guests: Visitors;
  readonly persistence: Persistence;
  readonly figures: Figures;
  readonly line: Line;
}

/** CONNACK of MQTT 5 with reason 0x84, unsupported protocol version: what a client of that version understands. */
const UNSUPPORTED_VERSION = Buffer.from([0x20, 0x03, 0x00, 0x84, 0x00]);
/** CONNACK return codes (MQTT 3.1.1, 3.2.2.3). */
const IDENTIFIER_REJECTED = 2;
const BAD_USER_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;
const REJECTED_IDENTIFIER = Buffer.from([0x20, 0x02, 0x00, IDENTIFIER_REJECTED]);

interface Refusal {
  readonly why: string;
  readonly remedy: string;
  readonly returnCode: number;
}

type Refuse = (client: Client, refusal: Pick<Refusal, 'why' | 'remedy'>) => void;

/** Who may enter our broker, and when what they publish is acknowledged. */
export function accessRules(house: House): Rules {
  const { config, guests, line } = house;
  const refuse: Refuse = (client, { why, remedy }) =>
    line.report.fault('refused client', `${addressOf(client)} was refused: ${why}.`, remedy);

  return {
    preConnect(client, packet, done) {
      guests.promised(client.conn, packet.keepalive ?? 0);
      const answer = hopeless(packet);
      if (answer === undefined) {
        done(null, true);
        return;
      }
      refuse(client, answer);
      client.conn.write(answer.bytes, () => done(new Error(answer.why), false));
    },

    authenticate(client, name, password, done) {
      const user = config.users.find((one) => isUser(one, name, password));
      const refusal = user === undefined ? stranger(name) : objection(house, client, user);
      if (user !== undefined && refusal === undefined) {
        guests.signedIn(client.conn, client.id, rightsOf(user, client.id));
        done(null, true);
        return;
      }
      const { why, remedy, returnCode } = refusal ?? stranger(name);
      refuse(client, { why, remedy });
      done(Object.assign(new Error(why), { returnCode }), false);
    },

    authorizeSubscribe(client, subscription, done) {
      const why = whyNot(house, client, subscription.topic);
      if (why !== undefined) refuse(client, why);
      done(null, why === undefined ? subscription : null);
    },

    authorizePublish: publishRule(house, refuse),
  };
}

/** The broker acknowledges (QoS 1) or records the message as received (QoS 2) only after this has called back. */
function publishRule(house: House, refuse: Refuse): Rules['authorizePublish'] {
  const { guests, config } = house;
  const wait = waitingRoom();
  const why = (client: Client | null, topic: string): string | undefined => {
    if (isDeeper(topic, config.maxTopicLevels)) return `${shown(topic)} has too many levels`;
    const rights = client === null ? undefined : guests.rightsOf(client.conn);
    if (!topic.startsWith('$') && rights?.mayPublish(topic) !== false) return undefined;
    return `its user may not publish to ${shown(topic)}`;
  };
  return (client, packet, done) => {
    // The rest of the chunk in which a client broke the rules is still parsed; its will comes when it is gone.
    if (client?.conn.destroyed === true && !isWill(client, packet)) {
      done(new Error('This client was cut off.'));
      return;
    }
    const refusal = why(client, packet.topic);
    if (refusal !== undefined) {
      const remedy = 'Add the topic to `publish` of the user, or raise maxTopicLevels of the source.';
      if (client !== null) refuse(client, { why: refusal, remedy });
      done(new Error(refusal));
      return;
    }
    const { safe, slowed } = accepted(house, client, packet);
    if (safe === undefined) {
      done(null);
      return;
    }
    const stream = slowed ? undefined : client?.conn;
    wait({ stream, bytes: packet.payload.length, done }, safe);
  };
}

const isWill = (client: Client, packet: object): boolean => 'will' in client && client.will === packet;

/** Who cannot be served whoever it is. */
function hopeless(packet: ConnectPacket): (Omit<Refusal, 'returnCode'> & { bytes: Buffer }) | undefined {
  if (packet.protocolVersion === 5) {
    const remedy = 'Set the client to MQTT 3.1.1, or use a broker of its own and `client`.';
    return { why: 'it speaks MQTT 5', remedy, bytes: UNSUPPORTED_VERSION };
  }
  if (packet.clientId !== '' || packet.clean === true) return undefined;
  // [MQTT-3.1.3-8]
  const remedy = 'Give the client an id of its own.';
  return { why: 'it wants a lasting session without a client id', remedy, bytes: REJECTED_IDENTIFIER };
}

const stranger = (name: string | undefined): Refusal => ({
  why:
    name === undefined || name === '' ? 'it gave no user' : `wrong user or password (${name.slice(0, 40)})`,
  remedy: "Compare the device's user and password with those of the source.",
  returnCode: BAD_USER_OR_PASSWORD,
});

/** Why a user who is who he says may not enter. */
const objection = (house: House, client: Client, user: User): Refusal | undefined =>
  tooQuiet(house, client) ?? notHis(house, client, user) ?? tooMany(house, client, user);

function tooQuiet({ config, guests }: House, { conn }: Client): Refusal | undefined {
  const limitS = config.maxKeepAliveS;
  const promisedS = guests.promiseOf(conn);
  if (limitS === undefined || (promisedS > 0 && promisedS <= limitS)) return undefined;
  const remedy = `Set the client's keep-alive to ${limitS} s or less.`;
  return { why: `it promises no sign of life within ${limitS} s`, remedy, returnCode: NOT_AUTHORIZED };
}

function notHis({ guests, persistence }: House, { id }: Client, user: User): Refusal | undefined {
  const owner = guests.userOf(id) ?? persistence.kept.sessions.get(id)?.user;
  if (owner === undefined || owner === user.name) return undefined;
  const remedy = 'Give each client an id of its own.';
  return { why: `its id belongs to a client of ${owner}`, remedy, returnCode: IDENTIFIER_REJECTED };
}

function tooMany({ persistence }: House, { clean, id }: Client, user: User): Refusal | undefined {
  const { sessions } = persistence.kept;
  if (clean || sessions.has(id)) return undefined;
  const kept = [...sessions.values()].filter((session) => session.user === user.name).length;
  if (kept < user.maxSessions) return undefined;
  const remedy =
    'Let devices keep their ids, or connect with a clean session; or raise maxSessions of the user.';
  return { why: `its user has ${kept} sessions already`, remedy, returnCode: IDENTIFIER_REJECTED };
}

function whyNot(
  { guests, config }: House,
  client: Client,
  filter: string,
): Omit<Refusal, 'returnCode'> | undefined {
  if (filter.startsWith('$share/'))
    return { why: 'this broker has no shared subscriptions', remedy: 'Subscribe without $share.' };
  if (isDeeper(filter, config.maxTopicLevels))
    return { why: `${shown(filter)} has too many levels`, remedy: 'Raise maxTopicLevels of the source.' };
  if (guests.rightsOf(client.conn)?.maySubscribe(filter) === true) return undefined;
  const remedy = 'Add the filter to `subscribe` of the user.';
  return { why: `its user may not subscribe to ${shown(filter)}`, remedy };
}

interface Accepted {
  /** Settles when the message may be acknowledged; undefined: at once. */
  readonly safe: Promise<void> | undefined;
  /** Its client is too fast: nothing more is to be heard of it meanwhile. */
  readonly slowed: boolean;
}

function accepted(
  { guests, persistence, figures, line }: House,
  client: Client | null,
  packet: PublishPacket & { messageId?: number },
): Accepted {
  figures.received++;
  if (client !== null) guests.published(client.conn);
  if (packet.qos === 2 && client !== null && persistence.isHeld(client.id, packet.messageId))
    return { safe: undefined, slowed: false };
  const message = messageIn(packet);
  const read = line.receive(message);
  const kept = persistence.secure(packet);
  const waitMs = client === null ? 0 : guests.pace(client.conn, message.payload.length, performance.now());
  const slowed = waitMs > 0;
  if (!slowed && kept === undefined) return { safe: read, slowed };
  const paused = slowed ? new Promise((resolve) => setTimeout(resolve, waitMs)) : undefined;
  return { safe: Promise.all([read, kept, paused]).then(() => undefined), slowed };
}

/** To us the retain flag asks to keep the message for later subscribers: it is as fresh as any. */
const messageIn = ({ topic, qos, payload }: PublishPacket): Message => ({
  topic,
  payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
  qos,
  retained: false,
  at: Date.now(),
});

const digest = (secret: string | Uint8Array): Buffer => createHash('sha256').update(secret).digest();

/** Takes as long for a wrong password as for a right one. */
const isUser = (user: User, name: string | undefined, password: Uint8Array | undefined): boolean =>
  timingSafeEqual(digest(user.password), digest(password ?? '')) && user.name === name;

const addressOf = ({ conn }: Client): string =>
  ('remoteAddress' in conn ? conn.remoteAddress : undefined) ?? 'A client';
