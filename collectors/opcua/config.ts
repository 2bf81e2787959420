import { z } from 'zod';

export const OpcuaConfig = z
  .strictObject({
    endpoint: z.string().regex(/^opc\.tcp:\/\/[^/\s]+/, 'must look like opc.tcp://host:4840'),
    security: z.enum(['None', 'Basic256Sha256']).default('None'),
    /** Only with a security policy. */
    mode: z.enum(['Sign', 'SignAndEncrypt']).default('SignAndEncrypt'),
    user: z.string().min(1).optional(),
    password: z.string().optional(),
    /** How often the server hands over what it has sampled. */
    publishingMs: z.number().int().min(50).max(3_600_000).default(1000),
    /** How often the server samples a node. 0: as it changes. Default: as often as it publishes. */
    samplingMs: z.number().int().min(0).max(3_600_000).optional(),
    /** Samples the server keeps per node between two publishings; the oldest goes first, and says so. */
    queueSize: z.number().int().min(1).max(10_000).default(10),
    /** Accept any server certificate at first sight: for demonstrations only. */
    trustServer: z.boolean().default(false),
  })
  .refine((config) => config.password === undefined || config.user !== undefined, {
    path: ['user'],
    message: 'is needed beside a password',
  });
export type OpcuaConfig = z.infer<typeof OpcuaConfig>;

/** `nsu=URI;s=…` survives a server that renumbers its namespaces; `ns=2;i=…` does not. */
export const OpcuaAddress = z.strictObject({
  node: z
    .string()
    .regex(
      /^(nsu=[^;]+;|ns=\d{1,5};)?(i=\d{1,10}|s=.+|g=[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|b=[A-Za-z0-9+/]+=*)$/s,
      'must look like nsu=http://vendor/;s=Pump.Speed or ns=2;i=1042',
    ),
});
export type OpcuaAddress = z.infer<typeof OpcuaAddress>;

/** An idle subscription says that it is alive at least this often. */
export const keepAliveMs = (config: OpcuaConfig): number => Math.max(config.publishingMs, 1000);

export const endpoint = (config: OpcuaConfig): string => config.endpoint;
