import { z } from 'zod';
import { SecretName } from '../../../platform/config.ts';

const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'letters, digits, _ . and -');

/** A SLURM cluster that trainings may run on. */
export const ClusterConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'small letters, digits and dashes')
    .refine((name) => name !== 'local', "another name than 'local', which is this machine"),
  /** Its login node. */
  host: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'a host name or address'),
  port: z.number().int().min(1).max(65535).default(22),
  user: z.string().regex(/^[a-z_][a-z0-9_.-]{0,31}$/i, 'the name of an account'),
  /** The secret that holds the private key. */
  key: SecretName,
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. With another one nobody logs in. */
  hostKey: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "as 'ssh-keygen -lf' prints it: SHA256:…"),
  /** Where the jobs' folders are; it has to be seen by the nodes too. */
  baseFolder: z
    .string()
    .regex(/^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+)+$/, 'an absolute path of letters, digits, _ . and -'),
  partitions: z.array(word).default([]),
  account: word.optional(),
  resources: z
    .strictObject({
      cpus: z.number().int().min(1).max(1024).default(1),
      memoryMb: z.number().int().min(64).default(2000),
      minutes: z.number().int().min(1).default(60),
      /** As sbatch takes it: `gpu:1`. */
      gres: z
        .string()
        .regex(/^[A-Za-z0-9_]+(:[A-Za-z0-9_.-]+){0,2}$/, 'such as gpu:1')
        .optional(),
      /** What a job that ran out of it may get in the end. */
      mostMemoryMb: z.number().int().min(64).default(16_000),
      mostMinutes: z.number().int().min(1).default(720),
    })
    .prefault({}),
  /** Lines of the jobs' shell ahead of the program, such as `module load nodejs/20`. */
  setup: z.array(z.string().regex(/^(?!#SBATCH)[^\r\n]*$/, 'one line, and no #SBATCH')).default([]),
  /** How Node.js is called there. */
  node: z
    .string()
    .regex(/^[A-Za-z0-9_/][A-Za-z0-9_./-]*$/, 'a command or its path')
    .default('node'),
  /** A container image, for templates that name `{{container_image}}`. */
  image: z.string().optional(),
  /** A file with a template of the jobs; without it ours is used. */
  template: z.string().optional(),
  pollMs: z.number().int().min(200).default(30_000),
  /** The longest that a command may take; Slurm's own wait for its controller. */
  commandMs: z.number().int().min(1_000).default(60_000),
  /** After the first failure; it doubles. */
  retryMs: z.number().int().min(100).default(5_000),
  /** A job of which nothing is heard for so long, over three good polls at least, is lost. */
  lostAfterMs: z.number().int().min(1_000).default(600_000),
  /** A result that is not there yet is waited for so long. */
  resultMs: z.number().int().min(0).default(60_000),
});
export type ClusterConfig = z.infer<typeof ClusterConfig>;
