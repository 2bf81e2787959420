import { z } from 'zod';
import { SECRET } from '../secret.ts';
import { Mapping } from './address.ts';
import { isFilter } from './filter.ts';
import { SparkplugConfig } from './sparkplug/config.ts';

export { MqttAddress } from './address.ts';

const packetBytes = z.number().int().min(1024).max(16_777_216).default(262_144);
const filter = z
  .string()
  .min(1)
  .max(1024)
  .refine(isFilter, { message: 'must be a topic filter: + stands alone in a level, # in the last' });
const portOr = (port: number) => z.number().int().min(0).max(65_535).default(port);
const file = z.string().min(1).max(4096);

/** %u in a filter is the user's name, %c the client id. Topics that begin with $ are only read where a filter names them. */
const User = z.strictObject({
  name: z.string().min(1),
  password: z.string().min(8).meta(SECRET),
  publish: z.array(filter).default(['#']),
  subscribe: z.array(filter).default(['#']),
  maxSessions: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(100)
    .describe('Sessions that outlive their connection, at most.'),
});
export type User = z.infer<typeof User>;

/** A broker of our own, in the source's worker thread: devices connect to it. MQTT 3.1.1. */
export const BrokerConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .nullable()
    .default(1883)
    .describe('Null: only the other listeners.'),
  tls: z
    .strictObject({
      port: portOr(8883),
      certFile: file,
      keyFile: file,
      /** Who signs the certificates of devices; each device then needs one beside its user and password. */
      clientCaFile: file.optional(),
    })
    .optional()
    .describe('TLS 1.2 and later.'),
  webSocket: z
    .strictObject({
      port: portOr(9001),
      path: z.string().regex(/^\//, 'must begin with /').default('/mqtt'),
      tls: z.boolean().default(false),
    })
    .optional()
    .describe('MQTT in WebSocket frames; with `tls: true` under the certificate of `tls`.'),
  users: z.array(User).min(1).describe('Nobody connects without a name and a password.'),
  maxPacketBytes: packetBytes,
  maxTopicLevels: z.number().int().min(1).max(100).default(16),
  maxClients: z.number().int().min(1).max(10_000).default(1000),
  maxConnectsPerS: z
    .number()
    .positive()
    .optional()
    .describe('From one address, and as many at once. Who comes too often is refused.'),
  maxMessagesPerS: z
    .number()
    .positive()
    .optional()
    .describe('Of one client. Who is faster is slowed down; nothing is lost.'),
  maxBytesPerS: z.number().positive().optional(),
  maxInflight: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(1000)
    .describe('QoS 2 messages of one client that are not yet released.'),
  maxKeepAliveS: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('A client that promises less, or nothing, is refused.'),
  maxQueued: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe('Messages kept for one session while it is away; the oldest go first.'),
  maxQueuedBytes: z
    .number()
    .int()
    .min(1024)
    .max(1_073_741_824)
    .default(16_777_216)
    .describe('And their bytes.'),
  maxRetained: z.number().int().min(1).max(1_000_000).default(10_000),
});
export type BrokerConfig = z.infer<typeof BrokerConfig>;

/** A broker elsewhere, to which we subscribe at QoS 1 with a session that outlives the connection. */
export const ClientConfig = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^(mqtts?:\/\/[^/\s@]+|wss?:\/\/[^/\s@]+(\/\S*)?)$/,
        'must look like mqtt://host:1883, mqtts://host:8883 or wss://host:443/mqtt, without user or password',
      ),
    user: z.string().min(1).optional(),
    password: z.string().meta(SECRET).optional(),
    clientId: z
      .string()
      .min(1)
      .max(64)
      .describe("The session's name at the broker: must be this gateway's alone."),
    version: z.union([z.literal(4), z.literal(5)]).default(4),
    keepAliveS: z.number().int().min(1).max(3600).default(5),
    maxPacketBytes: packetBytes,
    receiveMaximum: z
      .number()
      .int()
      .min(1)
      .max(65_535)
      .default(1000)
      .describe('MQTT 5: messages that the broker may send before we have acknowledged the first.'),
    tls: z
      .strictObject({
        caFile: file
          .optional()
          .describe("Who signed the broker's certificate; without: the authorities that the system knows."),
        certFile: file.optional().describe('Our own certificate, for brokers that ask for one.'),
        keyFile: file.optional(),
        serverName: z
          .string()
          .min(1)
          .optional()
          .describe("The name in the broker's certificate, where it is not the host in the URL."),
      })
      .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
        message: 'certFile and keyFile belong together',
      })
      .optional(),
    discover: z
      .array(filter)
      .max(100)
      .default([])
      .describe('Subscribed to for browsing only, at QoS 0: topics that no tag takes yet.'),
  })
  .refine(({ tls, url }) => tls === undefined || /^(mqtts|wss):/.test(url), {
    path: ['tls'],
    message: 'needs a URL that begins with mqtts or wss',
  });
export type ClientConfig = z.infer<typeof ClientConfig>;

/** Devices connect to us, or we connect to a broker. */
export type MqttConfig = ({ readonly broker: BrokerConfig } | { readonly client: ClientConfig }) & {
  readonly mappings: Readonly<Record<string, Mapping>>;
  readonly sparkplug?: SparkplugConfig | undefined;
};

export const MqttConfig = z
  .strictObject({
    broker: BrokerConfig.optional(),
    client: ClientConfig.optional(),
    mappings: z
      .record(z.string(), Mapping)
      .default({})
      .describe('By name, for addresses of many tags that differ in a few fields only.'),
    sparkplug: SparkplugConfig.optional().describe(
      'Follows the Sparkplug nodes at the broker. At a foreign one the session is then clean: nothing is kept for us.',
    ),
  })
  .transform(({ broker, client, ...rest }, context): MqttConfig => {
    if (broker !== undefined && client === undefined) return { broker, ...rest };
    if (client !== undefined && broker === undefined) return { client, ...rest };
    context.addIssue({
      code: 'custom',
      message: 'needs either `broker` (devices connect to us) or `client` (we connect to a broker)',
    });
    return z.NEVER;
  });

export function endpoint(config: MqttConfig): string {
  if ('client' in config) return config.client.url;
  const { host, port, tls, webSocket } = config.broker;
  if (port !== null) return `mqtt://${host}:${port}`;
  if (tls !== undefined) return `mqtts://${host}:${tls.port}`;
  return `ws://${host}:${webSocket?.port ?? 0}`;
}

/** Where a broker of ours waits for its clients. */
export function listens(config: MqttConfig): { readonly host: string; readonly port: number }[] {
  if ('client' in config) return [];
  const { host, port, tls, webSocket } = config.broker;
  return [port, tls?.port, webSocket?.port].flatMap((one) =>
    typeof one === 'number' ? [{ host, port: one }] : [],
  );
}

/** How often a broker of ours says that its publishers are there. */
export const HEARTBEAT_MS = 1000;

export const contactMs = (config: MqttConfig): number =>
  'client' in config ? config.client.keepAliveS * 1000 : HEARTBEAT_MS;
