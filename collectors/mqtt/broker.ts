import type { Duplex } from 'node:stream';
import { Aedes } from 'aedes';
import type { Client } from 'aedes';
import { ticks } from '../ticks.ts';
import { accessRules } from './access.ts';
import type { House } from './access.ts';
import { admission } from './admission.ts';
import { attended } from './attend.ts';
import { HEARTBEAT_MS } from './config.ts';
import type { BrokerConfig } from './config.ts';
import { someFigures, told } from './figures.ts';
import { packetGuard } from './guard.ts';
import type { Line } from './line.ts';
import { listen } from './listen.ts';
import type { Doors } from './listen.ts';
import type { Publish } from './message.ts';
import { openPersistence } from './persistence.ts';
import { visitors } from './visitors.ts';

/** A subscriber that reads nothing for this long is cut off: until then it holds up all others. */
const DRAIN_MS = 3_000;
/** From the connection to its CONNECT packet. */
const CONNECT_MS = 5_000;
/** Of our own topics, which are as deep as they are: what clients may is in the access rules. */
const OWN_LEVELS = 5;
/** How often the broker tells of itself, in heartbeats. */
const TELL_EVERY = 10;

export interface Place {
  readonly config: BrokerConfig;
  /** Where sessions and retained messages are kept; undefined: nowhere. */
  readonly folder: string | undefined;
}

/** Serves devices until `signal` aborts. Rejects when the port cannot be had or the broker fails. */
export async function runBroker({ config, folder }: Place, line: Line, signal: AbortSignal): Promise<void> {
  const guests = visitors(config);
  const figures = someFigures(Date.now());
  await using persistence = await openPersistence({
    ...{ folder, limits: config },
    dropped(what, client) {
      figures.dropped++;
      const where = client === undefined ? 'what is retained is too much' : `the queue of ${client} is full`;
      line.report.fault('overflow', `The broker dropped ${what} because ${where}.`, DROPPED_REMEDY);
    },
    userOf: (client) => guests.userOf(client) ?? '',
  });
  const house = { config, guests, persistence, figures, line };
  const broker = await Aedes.createBroker({
    ...{ persistence, drainTimeout: DRAIN_MS, connectTimeout: CONNECT_MS },
    ...{
      maxTopicLevels: Math.max(config.maxTopicLevels, OWN_LEVELS),
      maxInflightInbound: config.maxInflight,
    },
    ...accessRules(house),
  });
  const broken = new Promise<never>((_, reject) => {
    (broker as NodeJS.EventEmitter).on('error', reject);
  });
  broken.catch(() => undefined);
  broker.on('clientError', (client, err) => sayWhy(client, err, line));
  try {
    await using doors = await listen(config, doorsOf(broker, house));
    line.report.log.info(
      { address: doors.addresses[0], addresses: doors.addresses },
      'Listening for MQTT devices.',
    );
    const publish = publisher(broker);
    const serving = Promise.race([heartbeat(house, publish, signal), broken, doors.broken]);
    await attended(serving, publish, line, signal);
  } finally {
    await new Promise<void>((resolve) => broker.close(resolve));
    guests.dismiss();
  }
}

const DROPPED_REMEDY =
  'Let the client come back, or end its session; raise maxQueued of the source. The readings in it are stored all the same.';

const publisher =
  (broker: Aedes): Publish =>
  ({ topic, payload, qos, retain }) =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(payload);
      broker.publish({ cmd: 'publish', topic, payload: bytes, qos, retain, dup: false }, (err) => {
        if (err) reject(err);
        else resolve();
      });
    });

async function heartbeat(house: House, publish: Publish, signal: AbortSignal): Promise<void> {
  const { guests, figures, persistence, line } = house;
  const beats = ticks(HEARTBEAT_MS, signal);
  for (let beat = 0; (await beats.next()).done !== true; beat++) {
    if (guests.publishing()) line.alive();
    if (beat % TELL_EVERY !== 0) continue;
    const { sessions, retained } = persistence.kept;
    const kept = { connected: guests.count(), sessions: sessions.size, retained: retained.size };
    for (const [topic, payload] of told(figures, kept, Date.now()))
      await publish({ topic, payload, qos: 0, retain: true });
  }
}

function doorsOf(broker: Aedes, { config, guests, figures, line }: House): Doors {
  const { maxClients, maxConnectsPerS } = config;
  const admits = maxConnectsPerS === undefined ? () => true : admission(maxConnectsPerS);
  /** What is wrong with one more, and what to do. */
  const objection = (from: string): [string, string] | undefined => {
    if (guests.count() >= maxClients)
      return [
        `${maxClients} clients are connected already`,
        'Raise maxClients of the source, or look who connects.',
      ];
    if (admits(from, performance.now())) return undefined;
    const remedy = 'Look why it connects so often: a wrong password? Or raise maxConnectsPerS of the source.';
    return [`more than ${maxConnectsPerS} connections a second come from there`, remedy];
  };
  return {
    enter(stream, from) {
      stream.on('error', () => undefined);
      const [why, remedy] = objection(from) ?? [];
      if (why !== undefined && remedy !== undefined) {
        figures.refused++;
        line.report.fault('refused client', `${from} was refused: ${why}.`, remedy);
        stream.destroy();
        return;
      }
      guests.enter(stream);
      broker.handle(stream);
      watch(
        stream,
        config.maxPacketBytes,
        (wrong) => {
          figures.refused++;
          const what = `${from} sent ${wrong} and was cut off.`;
          const remedy = 'Raise maxPacketBytes of the source if the device is meant to send so much.';
          line.report.fault('refused client', what, remedy);
        },
        (bytes) => {
          figures.bytes += bytes;
          guests.seen(stream);
        },
      );
    },
    stumbled(from, err) {
      const what = `${from} was refused: TLS failed (${err.message}).`;
      line.report.fault(
        'refused client',
        what,
        "Compare the device's certificates and TLS versions with `tls` of the source.",
      );
    },
  };
}

/** After `handle`: the broker reads when it wants to, and each chunk passes here as it is read. */
function watch(
  stream: Duplex,
  maxBytes: number,
  refuse: (wrong: string) => void,
  seen: (bytes: number) => void,
) {
  const guard = packetGuard(maxBytes);
  stream.on('data', (chunk: Buffer) => {
    seen(chunk.length);
    const wrong = guard(chunk);
    if (wrong === undefined) return;
    stream.destroy();
    refuse(wrong);
  });
}

/** A client that read nothing is the one case that concerns others. */
function sayWhy(client: Client, err: Error, { report }: Line): void {
  if (err.message !== 'drain timeout') return;
  const what = `${client.id} read nothing for ${DRAIN_MS / 1000} s while messages waited for it, and was cut off.`;
  report.fault('refused client', what, 'Look at that client and its network: it held up the others.');
}
