import { z } from 'zod';
import { parsePath } from '../path.ts';

const packetBytes = z.number().int().min(1024).max(16_777_216).default(262_144);

/** A broker of our own, in the source's worker thread: devices connect to it. MQTT 3.1.1. */
export const BrokerConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(1883),
  /** Nobody connects without a name and a password. */
  users: z.array(z.strictObject({ name: z.string().min(1), password: z.string().min(8) })).min(1),
  maxPacketBytes: packetBytes,
  maxTopicLevels: z.number().int().min(1).max(100).default(16),
  maxClients: z.number().int().min(1).max(10_000).default(1000),
});
export type BrokerConfig = z.infer<typeof BrokerConfig>;

/** A broker elsewhere, to which we subscribe at QoS 1 with a session that outlives the connection. */
export const ClientConfig = z.strictObject({
  url: z.string().regex(/^mqtts?:\/\/[^/\s@]+$/, 'must look like mqtt://host:1883, without user or password'),
  user: z.string().min(1).optional(),
  password: z.string().optional(),
  /** The session's name at the broker: must be this gateway's alone. */
  clientId: z.string().min(1).max(64),
  version: z.union([z.literal(4), z.literal(5)]).default(4),
  keepAliveS: z.number().int().min(1).max(3600).default(5),
  maxPacketBytes: packetBytes,
});
export type ClientConfig = z.infer<typeof ClientConfig>;

/** Devices connect to us, or we connect to a broker. */
export type MqttConfig = { readonly broker: BrokerConfig } | { readonly client: ClientConfig };

export const MqttConfig = z
  .strictObject({ broker: BrokerConfig.optional(), client: ClientConfig.optional() })
  .transform(({ broker, client }, context): MqttConfig => {
    if (broker !== undefined && client === undefined) return { broker };
    if (client !== undefined && broker === undefined) return { client };
    context.addIssue({
      code: 'custom',
      message: 'needs either `broker` (devices connect to us) or `client` (we connect to a broker)',
    });
    return z.NEVER;
  });

const topic = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[^#+\0]+$/, 'must be a topic without # and +');
const path = z.string().refine((text) => parsePath(text) !== undefined, {
  message: "must be a JSON path of names and indices, like $.flow or $['motor 1'].currents[0]",
});

export const MqttAddress = z
  .strictObject({
    topic,
    value: path.default('$'),
    /** Where the source time is: ISO 8601 with zone, or seconds or milliseconds since 1970. Without: the time of receipt. */
    time: path.optional(),
    /** Another topic, where the device hands over what it recorded while it was offline. */
    history: topic.optional(),
    /** Where the list of records is in a history message; `value` and `time` then start at a record. */
    each: path.default('$'),
  })
  .refine((address) => address.history === undefined || address.time !== undefined, {
    path: ['time'],
    message: 'is needed with a history topic: old records without a time cannot be placed',
  });
export type MqttAddress = z.infer<typeof MqttAddress>;

export const endpoint = (config: MqttConfig): string =>
  'client' in config ? config.client.url : `mqtt://${config.broker.host}:${config.broker.port}`;

/** How often a broker of ours says that its publishers are there. */
export const HEARTBEAT_MS = 1000;

export const contactMs = (config: MqttConfig): number =>
  'client' in config ? config.client.keepAliveS * 1000 : HEARTBEAT_MS;
