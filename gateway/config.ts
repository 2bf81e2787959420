import { z } from 'zod';
import { isName } from '../collectors/mqtt/sparkplug/topic.ts';
import { BackupConfig, DatabaseConfig, LogConfig, SecretName, WebConfig } from '../platform/config.ts';

const Web = WebConfig.extend({ port: WebConfig.shape.port.default(8080) });

const sparkplugName = z.string().max(256).refine(isName, { message: 'must be a name without / + and #' });

/** This gateway as an edge node of Sparkplug B at a foreign broker. */
const SparkplugPublishing = z.strictObject({
  url: z.string().regex(/^mqtts?:\/\/[^/\s@]+$/, 'must look like mqtt://host:1883, without user or password'),
  user: z.string().min(1).optional(),
  password: SecretName.optional(),
  group: sparkplugName,
  node: sparkplugName,
  /** The primary host, without which nothing is told. Absent: whoever listens. */
  host: sparkplugName.optional(),
  /** The session's name at the broker: must be this gateway's alone. */
  clientId: z.string().min(1).max(64),
  /** How often changes are told. */
  periodMs: z.number().int().min(100).max(60_000).default(1000),
  /** Names of tags; absent: all. */
  tags: z.array(z.string().min(1)).optional(),
});
export type SparkplugPublishing = z.infer<typeof SparkplugPublishing>;

const days = z.number().int().min(1);
const gigabytes = z.number().positive().optional();

/** Days. Roll-ups are far smaller and stay longer. */
const Retention = z.strictObject({
  readingsDays: days.default(90),
  minutesDays: days.default(730),
  hoursDays: days.default(3650),
  /** What the whole database may take: beyond it the oldest readings go, though they are young enough. */
  maxGigabytes: gigabytes,
  /** Kept for other times, by tags that name the class. What a class leaves out is as for all others. */
  classes: z
    .record(
      z.string().min(1).max(60),
      z.strictObject({
        readingsDays: days.optional(),
        minutesDays: days.optional(),
        hoursDays: days.optional(),
        /** What the readings of the class may take. */
        maxGigabytes: gigabytes,
      }),
    )
    .default({}),
});

const bytesPerSecond = z.number().int().min(2_000).optional();

/** What the link to the centre may use. Hours are of the plant's time zone. */
const BandwidthConfig = z.strictObject({
  /** Absent: whatever the line carries. */
  bytesPerSecond,
  /** Of several that hold at a time the first counts. */
  windows: z
    .array(
      z.strictObject({
        fromHour: z.number().int().min(0).max(23),
        /** To before this hour; over midnight where it is the smaller one. */
        toHour: z.number().int().min(1).max(24),
        bytesPerSecond,
        /** False: what waited while the centre was away waits on; alarms and new readings go. */
        backlog: z.boolean().default(true),
      }),
    )
    .default([]),
});

/** The gateway's file, `gateway.yaml`. The plant model is not here: it lives in the database. */
export const GatewayConfig = z
  .strictObject({
    /** `production` refuses what is meant for evaluation only, such as the embedded database. */
    mode: z.enum(['production', 'evaluation']).default('production'),
    /** Spool, keys, secrets and the embedded database. */
    data: z.string().min(1),
    /** A plant.yaml that is imported when the plant is still empty. */
    plant: z.string().optional(),
    web: Web.default(Web.parse({})),
    database: DatabaseConfig,
    log: LogConfig.default({ level: 'info' }),
    spool: z
      .strictObject({ maxMegabytes: z.number().int().min(16).default(2048) })
      .default({ maxMegabytes: 2048 }),
    retention: Retention.default(Retention.parse({})),
    /** Backups by the clock; absent: only those that `penstock backup` makes. */
    backup: BackupConfig.optional(),
    /** Tells tags to others, by the newest reading of each. */
    publish: z.strictObject({ sparkplug: SparkplugPublishing }).optional(),
    /** The central node, if there is one. `token` names the one-time enrolment token, which is not needed afterwards. */
    centre: z
      .strictObject({
        url: z.url({ protocol: /^https?$/ }),
        token: SecretName.optional(),
        caFile: z.string().optional(),
        /** What may wait for the centre; beyond it readings wait in the database alone, and are sent from there. */
        maxMegabytes: z.number().int().min(16).default(4096),
        bandwidth: BandwidthConfig.optional(),
      })
      .optional(),
  })
  .superRefine((config, context) => {
    if (config.mode === 'production' && config.database.url === 'embedded') {
      context.addIssue({
        code: 'custom',
        path: ['database', 'url'],
        message:
          'the embedded database is for evaluation; name a TimescaleDB server, or set mode: evaluation',
        input: config.database.url,
      });
    }
  });
export type GatewayConfig = z.infer<typeof GatewayConfig>;
