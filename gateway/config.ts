import { z } from 'zod';
import { DatabaseConfig, LogConfig, SecretName, WebConfig } from '../platform/config.ts';

const Web = WebConfig.extend({ port: WebConfig.shape.port.default(8080) });

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
    /** Days. Roll-ups are far smaller and stay longer. */
    retention: z
      .strictObject({
        readingsDays: z.number().int().min(1).default(90),
        minutesDays: z.number().int().min(1).default(730),
        hoursDays: z.number().int().min(1).default(3650),
      })
      .default({ readingsDays: 90, minutesDays: 730, hoursDays: 3650 }),
    /** The central node, if there is one. `token` names the one-time enrolment token, which is not needed afterwards. */
    centre: z
      .strictObject({
        url: z.url({ protocol: /^https?$/ }),
        token: SecretName.optional(),
        caFile: z.string().optional(),
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
