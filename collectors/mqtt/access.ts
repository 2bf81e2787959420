import { createHash, timingSafeEqual } from 'node:crypto';
import type { AedesOptions, Client, PublishPacket } from 'aedes';
import type { BrokerConfig } from './config.ts';
import type { Line } from './line.ts';
import type { Message } from './message.ts';
import type { Visitors } from './visitors.ts';

type Rules = Required<
  Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe'>
>;

/** CONNACK of MQTT 5 with reason 0x84, unsupported protocol version: what a client of that version understands. */
const UNSUPPORTED_VERSION = Buffer.from([0x20, 0x03, 0x00, 0x84, 0x00]);
/** CONNACK return code 4 (MQTT 3.1.1, 3.2.2.3). */
const BAD_USER_OR_PASSWORD = 4;

/** Who may enter our broker, and when what they publish is acknowledged. */
export function accessRules(users: BrokerConfig['users'], guests: Visitors, line: Line): Rules {
  const refuse = (client: Client, why: string, remedy: string) =>
    line.report.fault('refused client', `${addressOf(client)} was refused: ${why}.`, remedy);

  return {
    preConnect(client, packet, done) {
      guests.promised(client.conn, packet.keepalive ?? 0);
      if (packet.protocolVersion !== 5) {
        done(null, true);
        return;
      }
      refuse(
        client,
        'it speaks MQTT 5',
        'Set the client to MQTT 3.1.1, or use a broker of its own and `client`.',
      );
      client.conn.write(UNSUPPORTED_VERSION, () => done(new Error('MQTT 5 is not supported.'), false));
    },

    authenticate(client, name, password, done) {
      if (isUser(users, name, password)) {
        done(null, true);
        return;
      }
      const who =
        name === undefined || name === ''
          ? 'it gave no user'
          : `wrong user or password (${name.slice(0, 40)})`;
      refuse(client, who, "Compare the device's user and password with those of the source.");
      done(Object.assign(new Error('Wrong user or password.'), { returnCode: BAD_USER_OR_PASSWORD }), false);
    },

    authorizeSubscribe(client, subscription, done) {
      const shared = subscription.topic.startsWith('$share/');
      if (shared) refuse(client, 'this broker has no shared subscriptions', 'Subscribe without $share.');
      done(null, shared ? null : subscription);
    },

    // The broker acknowledges (QoS 1) or records the message as received (QoS 2) only after this has called back.
    authorizePublish(client, packet, done) {
      // The rest of the chunk in which a client broke the rules is still parsed; its will comes when it is gone.
      if (client?.conn.destroyed === true && !isWill(client, packet)) {
        done(new Error('This client was cut off.'));
        return;
      }
      if (packet.topic.startsWith('$')) {
        done(new Error(`Topics that begin with $ are the broker's own: ${packet.topic.slice(0, 60)}`));
        return;
      }
      if (client !== null) guests.published(client.conn);
      const safe = line.receive(messageIn(packet));
      if (safe === undefined) done(null);
      else safe.then(() => done(null), done);
    },
  };
}

const isWill = (client: Client, packet: object): boolean => 'will' in client && client.will === packet;

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
function isUser(
  users: BrokerConfig['users'],
  name: string | undefined,
  password: Uint8Array | undefined,
): boolean {
  const given = digest(password ?? '');
  return users
    .filter((user) => user.name === name)
    .some((user) => timingSafeEqual(digest(user.password), given));
}

const addressOf = ({ conn }: Client): string =>
  ('remoteAddress' in conn ? conn.remoteAddress : undefined) ?? 'A client';
