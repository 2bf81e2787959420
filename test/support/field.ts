import * as timers from 'node:timers/promises';
import { connect, connectAsync } from 'mqtt';
import type { MqttClient } from 'mqtt';
import type { Db } from '../../platform/database/db.ts';

const TAGS = ['a', 'b', 'c'] as const;
const AT_ONCE = 20;

/** A plant whose field is one MQTT user named `field` with three tags. */
export const aFieldPlant = (port: number) => ({
  site: { name: 'Field test' },
  areas: [{ name: 'Hall' }],
  sources: [
    {
      name: 'field',
      protocol: 'mqtt',
      config: { broker: { port, users: [{ name: 'field', password: { secret: 'field' } }] } },
    },
  ],
  tags: TAGS.map((name) => ({
    name,
    area: 'Hall',
    source: 'field',
    address: { topic: `t/${name}`, value: '$.value', time: '$.time' },
    spike: false,
  })),
});

/** Numbered readings on their way: each is `tag:number`, and was acknowledged or not. */
export interface Field {
  readonly acknowledged: ReadonlySet<string>;
  /** Settles once publishing has ended. */
  readonly ended: Promise<void>;
}

/** Publishes numbered readings at QoS 1 until aborted, across reconnects, and keeps those that were acknowledged. */
export function startField(port: number, password: string, signal: AbortSignal): Field {
  const acknowledged = new Set<string>();
  const start = Date.now();
  let number = 0;

  const publishOne = async (client: MqttClient) => {
    const value = ++number;
    const tag = TAGS[value % TAGS.length] ?? 'a';
    await client.publishAsync(`t/${tag}`, JSON.stringify({ value, time: start + value }), { qos: 1 });
    acknowledged.add(`${tag}:${value}`);
  };
  const session = async () => {
    // False: a broker that closes without a word, on its way out, is an error too.
    const client = await connectAsync(
      `mqtt://127.0.0.1:${port}`,
      { username: 'field', password, reconnectPeriod: 0, connectTimeout: 1000 },
      false,
    );
    client.on('error', () => undefined);
    const over = new Promise<void>((resolve) => {
      client.once('close', resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (client.connected && !signal.aborted) {
      const batch = Array.from({ length: AT_ONCE }, () => publishOne(client));
      await Promise.race([over, Promise.allSettled(batch)]);
    }
    client.end(true);
  };
  const run = async () => {
    while (!signal.aborted) await session().catch(() => timers.setTimeout(100));
  };
  return { acknowledged, ended: run() };
}

/** An MQTT device of the field, once it is connected. It reconnects, and forgets what it could not send meanwhile. */
export async function aDevice(port: number, password: string): Promise<MqttClient> {
  const client = connect(`mqtt://127.0.0.1:${port}`, {
    ...{ username: 'field', password, reconnectPeriod: 200, queueQoSZero: false },
  });
  // A broker that is not there yet is tried again.
  client.on('error', () => undefined);
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  return client;
}

/** What of the acknowledged readings a database lacks, and what it holds twice. */
export async function compare(db: Db, acknowledged: ReadonlySet<string>) {
  const rows = await db.query<{ key: string; n: number }>(
    `select t.name || ':' || r.value as key, count(*)::int as n from readings r join tags t on t.id = r.tag_id
     where r.value is not null group by 1`,
  );
  const stored = new Set(rows.map(({ key }) => key));
  return {
    missing: [...acknowledged].filter((key) => !stored.has(key)),
    doubled: rows.filter(({ n }) => n > 1),
  };
}
