import { z } from 'zod';
import { SECRET } from '../secret.ts';
import { AlarmsConfig } from './alarms/config.ts';
import { NodeIdText } from './node-id.ts';

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
    endpoints: z
      .array(EndpointUrl)
      .max(8)
      .default([])
      .describe(
        'More servers of one redundant set: the one with the highest ServiceLevel is read (OPC 10000-4, 6.6.2).',
      ),
    security: Security.default('None').describe('`best`: the strongest that the server offers, never None.'),
    mode: z
      .enum(['Sign', 'SignAndEncrypt'])
      .default('SignAndEncrypt')
      .describe('Only with a security policy that is named.'),
    user: z.string().min(1).optional(),
    password: z.string().meta(SECRET).optional(),
    userCertificate: z
      .string()
      .min(1)
      .optional()
      .describe('A user who is known by a certificate instead: PEM text, or the path of a PEM or DER file.'),
    userKey: z
      .string()
      .min(1)
      .meta(SECRET)
      .optional()
      .describe('Its private key: PEM text (name a secret), or the path of a PEM file.'),
    publishingMs: z
      .number()
      .int()
      .min(50)
      .max(3_600_000)
      .default(1000)
      .describe('How often the server hands over what it has sampled.'),
    samplingMs: SamplingMs.optional().describe(
      'How often the server samples a node. 0: as it changes. Default: as often as it publishes.',
    ),
    queueSize: QueueSize.default(10).describe(
      'Samples the server keeps per node between two publishings; the oldest goes first, and says so.',
    ),
    timestamps: z
      .enum(['source', 'server'])
      .default('source')
      .describe("Whose clock dates a reading: the device's, or the server's."),
    itemsPerSubscription: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(5000)
      .describe(
        'Nodes in one subscription; more nodes make more subscriptions, as far as the server allows.',
      ),
    history: z
      .boolean()
      .default(true)
      .describe('After an outage the server is asked for what it recorded meanwhile.'),
    alarms: AlarmsConfig.optional().describe(
      'The alarms of the server itself become alarms here, and are acknowledged from here (OPC 10000-9).',
    ),
    trustServer: z
      .boolean()
      .default(false)
      .describe('Accept any server certificate at first sight: for demonstrations only.'),
    verifyHost: z
      .enum(['refuse', 'warn', 'off'])
      .default('warn')
      .describe(
        'When the certificate of the server is made for another host or application than the one it is asked for.',
      ),
    acceptExpired: z
      .boolean()
      .default(false)
      .describe('Accept a server whose certificate has expired, until it has a new one.'),
    maxMessageMegabytes: z
      .number()
      .int()
      .min(1)
      .max(512)
      .default(16)
      .describe('The largest message either side may send.'),
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

export const OpcuaAddress = z.strictObject({
  node: NodeIdText,
  index: Index.optional().describe("The element of an array (3), or of a matrix ('1,2'), counted from 0."),
  path: z
    .string()
    .regex(/^[^.[\]\s]+(\[\d{1,9}\])?(\.[^.[\]\s]+(\[\d{1,9}\])?)*$/, 'must look like Status.Motors[2].Speed')
    .optional()
    .describe("A member of a structure, in the server's own names: Status.Motors[2].Speed."),
  samplingMs: SamplingMs.optional().describe("In place of the source's own."),
  queueSize: QueueSize.optional(),
  discard: z.enum(['oldest', 'newest']).default('oldest').describe('What goes when the queue is full.'),
  trigger: z
    .enum(['status', 'status-value', 'status-value-timestamp'])
    .default('status-value')
    .describe('What makes a sample worth sending (OPC 10000-4, 7.22.2).'),
  deadband: z
    .union([
      z.strictObject({ absolute: z.number().positive() }),
      z.strictObject({ percent: z.number().positive().max(100) }),
    ])
    .optional()
    .describe(
      "A change up to this is not sent: in units of the value, or in per cent of the node's EURange.",
    ),
});
export type OpcuaAddress = z.infer<typeof OpcuaAddress>;

/** An idle subscription says that it is alive at least this often. */
export const keepAliveMs = (config: OpcuaConfig): number => Math.max(config.publishingMs, 1000);

export const endpoint = (config: OpcuaConfig): string => [config.endpoint, ...config.endpoints].join(', ');
