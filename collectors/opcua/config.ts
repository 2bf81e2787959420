import { z } from 'zod';
import { AlarmsConfig } from './alarms/config.ts';

const EndpointUrl = z.string().regex(/^opc\.tcp:\/\/[^/\s]+/, 'must look like opc.tcp://host:4840');
const SamplingMs = z.number().int().min(0).max(3_600_000);
const QueueSize = z.number().int().min(1).max(10_000);

/** Broken by design, and Node.js refuses their RSA padding (CVE-2023-46809). */
const BROKEN: readonly unknown[] = ['Basic128Rsa15', 'Basic256'];
const Security = z.enum(['None', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss', 'best'], {
  error: ({ input }) =>
    BROKEN.includes(input)
      ? 'is no longer secure and not supported: have Basic256Sha256 or better switched on at the server'
      : undefined,
});

export const OpcuaConfig = z
  .strictObject({
    endpoint: EndpointUrl,
    /** More servers of one redundant set: the one with the highest ServiceLevel is read (OPC 10000-4, 6.6.2). */
    endpoints: z.array(EndpointUrl).max(8).default([]),
    /** `best`: the strongest that the server offers, never None. */
    security: Security.default('None'),
    /** Only with a security policy that is named. */
    mode: z.enum(['Sign', 'SignAndEncrypt']).default('SignAndEncrypt'),
    user: z.string().min(1).optional(),
    password: z.string().optional(),
    /** A user who is known by a certificate instead: PEM text, or the path of a PEM or DER file. */
    userCertificate: z.string().min(1).optional(),
    /** Its private key: PEM text (name a secret), or the path of a PEM file. */
    userKey: z.string().min(1).optional(),
    /** How often the server hands over what it has sampled. */
    publishingMs: z.number().int().min(50).max(3_600_000).default(1000),
    /** How often the server samples a node. 0: as it changes. Default: as often as it publishes. */
    samplingMs: SamplingMs.optional(),
    /** Samples the server keeps per node between two publishings; the oldest goes first, and says so. */
    queueSize: QueueSize.default(10),
    /** Whose clock dates a reading: the device's, or the server's. */
    timestamps: z.enum(['source', 'server']).default('source'),
    /** Nodes in one subscription; more nodes make more subscriptions, as far as the server allows. */
    itemsPerSubscription: z.number().int().min(1).max(100_000).default(5000),
    /** After an outage the server is asked for what it recorded meanwhile. */
    history: z.boolean().default(true),
    alarms: AlarmsConfig.optional().describe(
      'The alarms of the server itself become alarms here, and are acknowledged from here (OPC 10000-9).',
    ),
    /** Accept any server certificate at first sight: for demonstrations only. */
    trustServer: z.boolean().default(false),
    /** When the certificate of the server is made for another host or application than the one it is asked for. */
    verifyHost: z.enum(['refuse', 'warn', 'off']).default('warn'),
    /** Accept a server whose certificate has expired, until it has a new one. */
    acceptExpired: z.boolean().default(false),
    /** The largest message either side may send. */
    maxMessageMegabytes: z.number().int().min(1).max(512).default(16),
  })
  .refine((config) => config.password === undefined || config.user !== undefined, {
    path: ['user'],
    message: 'is needed beside a password',
  })
  .refine((config) => (config.userCertificate === undefined) === (config.userKey === undefined), {
    path: ['userKey'],
    message: 'and userCertificate belong together: give both or none',
  })
  .refine((config) => config.userCertificate === undefined || config.user === undefined, {
    path: ['userCertificate'],
    message: 'stands for a user: leave out user and password beside it',
  });
export type OpcuaConfig = z.infer<typeof OpcuaConfig>;

const INDEX = /^\d{1,9}(,\d{1,9}){0,4}$/;
const Index = z
  .union([z.number().int().min(0).max(999_999_999), z.string().regex(INDEX, "must look like 3, or '1,2'")])
  .transform(String);

/** `nsu=URI;s=…` survives a server that renumbers its namespaces; `ns=2;i=…` does not. */
export const OpcuaAddress = z.strictObject({
  node: z
    .string()
    .regex(
      /^(nsu=[^;]+;|ns=\d{1,5};)?(i=\d{1,10}|s=.+|g=[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|b=[A-Za-z0-9+/]+=*)$/s,
      'must look like nsu=http://vendor/;s=Pump.Speed or ns=2;i=1042',
    ),
  /** The element of an array (3), or of a matrix ('1,2'), counted from 0. */
  index: Index.optional(),
  /** A member of a structure, in the server's own names: Status.Motors[2].Speed. */
  path: z
    .string()
    .regex(/^[^.[\]\s]+(\[\d{1,9}\])?(\.[^.[\]\s]+(\[\d{1,9}\])?)*$/, 'must look like Status.Motors[2].Speed')
    .optional(),
  /** In place of the source's own. */
  samplingMs: SamplingMs.optional(),
  queueSize: QueueSize.optional(),
  /** What goes when the queue is full. */
  discard: z.enum(['oldest', 'newest']).default('oldest'),
  /** What makes a sample worth sending (OPC 10000-4, 7.22.2). */
  trigger: z.enum(['status', 'status-value', 'status-value-timestamp']).default('status-value'),
  /** A change up to this is not sent: in units of the value, or in per cent of the node's EURange. */
  deadband: z
    .union([
      z.strictObject({ absolute: z.number().positive() }),
      z.strictObject({ percent: z.number().positive().max(100) }),
    ])
    .optional(),
});
export type OpcuaAddress = z.infer<typeof OpcuaAddress>;

/** An idle subscription says that it is alive at least this often. */
export const keepAliveMs = (config: OpcuaConfig): number => Math.max(config.publishingMs, 1000);

export const endpoint = (config: OpcuaConfig): string => [config.endpoint, ...config.endpoints].join(', ');
