import { z } from 'zod';
import { ClusterConfig } from './slurm/config.ts';
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
        /** `slurm`: the clusters below, the first one that answers. */
        executor: z.enum(['local', 'slurm']).default('local'),
        /** Trainings under way at a time. */
        parallel: z.number().int().min(1).max(64).default(1),
        /** An order that could not be started for so long is dropped: its data is too old by then. */
        expireHours: z.number().min(0.001).max(8760).default(24),
      })
      .prefault({}),
    /** The SLURM clusters that trainings may run on. */
    clusters: z.array(ClusterConfig).default([]),
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
    const fault = clusterFault(config);
    if (fault !== null) context.addIssue({ code: 'custom', ...fault, input: undefined });
  });
export type CentralConfig = z.infer<typeof CentralConfig>;

function clusterFault({
  training,
  clusters,
}: {
  training: { executor: string };
  clusters: readonly ClusterConfig[];
}): { path: string[]; message: string } | null {
  if (training.executor === 'slurm' && clusters.length === 0)
    return { path: ['clusters'], message: 'training.executor is slurm, but there is no cluster; name one' };
  if (new Set(clusters.map(({ name }) => name)).size < clusters.length)
    return { path: ['clusters'], message: 'two clusters have one name; give each its own' };
  return null;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
