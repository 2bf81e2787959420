import { z } from 'zod';
import { BackupConfig, DatabaseConfig, LogConfig, SecretName, WebConfig } from '../../platform/config.ts';

const Web = WebConfig.extend({ port: WebConfig.shape.port.default(8090) });

/** The centre's file, `central.yaml`. */
export const CentralConfig = z
  .strictObject({
    /** `production` refuses what is meant for evaluation only, such as the embedded database. */
    mode: z.enum(['production', 'evaluation']).default('production'),
    /** Keys, trainings under way, and the embedded database. */
    data: z.string().min(1),
    /** The fleet's name, as its screens show it. */
    title: z.string().min(1).default('Fleet'),
    timeZone: z.string().default('UTC').refine(isTimeZone, 'a time zone such as Europe/Berlin'),
    web: Web.default(Web.parse({})),
    database: DatabaseConfig,
    log: LogConfig.default({ level: 'info' }),
    /** Days. Roll-ups are far smaller and stay longer. */
    retention: z
      .strictObject({
        readingsDays: z.number().int().min(1).default(365),
        minutesDays: z.number().int().min(1).default(1825),
        hoursDays: z.number().int().min(1).default(3650),
      })
      .default({ readingsDays: 365, minutesDays: 1825, hoursDays: 3650 }),
    /** Backups by the clock; absent: only those that `penstock backup` makes. */
    backup: BackupConfig.optional(),
    /** Sites that may enrol without having been invited by a person. `token` names the secret that their gateway has too. */
    enrolment: z.array(z.strictObject({ site: z.string().min(1).max(100), token: SecretName })).default([]),
    training: z
      .strictObject({
        executor: z.enum(['local']).default('local'),
        /** Trainings under way at a time. */
        parallel: z.number().int().min(1).max(64).default(1),
      })
      .default({ executor: 'local', parallel: 1 }),
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
export type CentralConfig = z.infer<typeof CentralConfig>;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
