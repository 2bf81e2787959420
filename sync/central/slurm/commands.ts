// What is said to Slurm. All of it is put together from words that were checked and hold nothing that a shell acts on.

/** Stands between the fields of a line: it occurs in no name. */
const SEPARATOR = '\x1f';
/** Keys of attempts: nothing else of the account is looked at. */
const KEY = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-a\d{1,4}$/;

/** One line of a queue's or an accounting's list. */
export interface JobLine {
  readonly id: string;
  readonly name: string;
  /** The first word: `CANCELLED by 0` is CANCELLED. */
  readonly state: string;
  readonly reason: string;
  readonly node: string;
  /** `7:0` where the list has it. */
  readonly exit: string | null;
  /** As it stood there. */
  readonly line: string;
}

/** Finished jobs too; array elements each by themselves; the name last, for it may hold anything. */
export const squeue = (user: string): string =>
  `squeue -h -r -u ${user} -t all -o '${['%i', '%T', '%r', '%N', '%j'].join(SEPARATOR)}'`;

export function parseQueue(text: string): JobLine[] {
  return lines(text, 5, ([id = '', state = '', reason = '', node = '', name = ''], line) => ({
    ...{ id, name, reason, node, line, exit: null, state: wordOf(state) },
  }));
}

/** Without a beginning it would look at today alone. */
export const sacct = (keys: readonly string[]): string =>
  `sacct -n -X -P --delimiter='${SEPARATOR}' -S now-30days --name=${keys.join(',')}` +
  ` -o JobID,State,ExitCode,NodeList,JobName`;

export function parseAccounting(text: string): JobLine[] {
  return lines(text, 5, ([id = '', state = '', exit = '', node = '', name = ''], line) => ({
    ...{ id, name, exit, node, line, reason: 'None', state: wordOf(state) },
  }));
}

const wordOf = (state: string): string => /^[A-Z_]+/.exec(state)?.[0] ?? '';

function lines(text: string, fields: number, parse: (values: string[], line: string) => JobLine): JobLine[] {
  return text
    .split('\n')
    .map((line) => ({ line, values: line.split(SEPARATOR) }))
    .filter(({ values }) => values.length === fields && KEY.test(values.at(-1) ?? ''))
    .map(({ line, values }) => parse(values, line.replaceAll(SEPARATOR, ' ')))
    .filter(({ id }) => /^\d+(_\d+)?$/.test(id));
}

/** `squeue` does not know how a job ended. */
export const scontrolShow = (ids: readonly string[]): string =>
  ids.map((id) => `scontrol show job ${id} -o`).join('; ');

/** Exit codes by id. */
export function parseShown(text: string): ReadonlyMap<string, string> {
  const found = [...text.matchAll(/^JobId=(\d+) .*? ExitCode=(\d+:\d+) /gm)];
  return new Map(found.map(([, id = '', exit = '']) => [id, exit]));
}

/** Also jobs that nobody knows the id of; silent about those that are gone. */
export const scancel = (user: string, key: string): string => `scancel -u ${user} -n ${key}`;

/** Options of `sbatch`; the script comes on its standard input. The job's name is its key, and it has no twin. */
export const sbatch = (key: string, folder: string): string =>
  `sbatch --parsable -J ${key} -d singleton --kill-on-invalid-dep=yes --no-requeue --export=NONE` +
  ` -D ${folder} -o ${folder}/job.log`;

/** What `sbatch` said. `unknown`: the job may have been taken all the same. */
export type Submitted =
  | { readonly state: 'taken'; readonly id: string }
  | { readonly state: 'rejected'; readonly why: string }
  | { readonly state: 'unknown'; readonly why: string };

/** Errors of `sbatch` after which there is no job, now or later. All that is not listed here is unknown. */
const DEFINITE = [
  /Invalid (account|partition|qos|QOS|generic resource|node name|feature|time|reservation|dependency|licenses)/i,
  /invalid (partition|number|option|argument|memory|time)/i,
  /Invalid --/,
  /Requested (node configuration|partition configuration|time limit)/i,
  /Memory (required|specification)/i,
  /More processors requested than permitted/,
  /Job violates accounting\/QOS policy/,
  /(CPU|Node) count (specification )?(is |are )?(invalid|available|can not be satisfied)/i,
  /unrecognized option/,
  /does not look like a batch script/i,
  /batch script contains DOS line breaks/i,
  /Pathname of a file, directory or other parameter too long/,
  /(Access|Permission) denied|User's group not permitted/,
  /Unable to open file/,
];

export function parseSubmitted(code: number | null, out: string, err: string): Submitted {
  const id = /^(\d+)(;[\w.-]+)?$/m.exec(out)?.[1];
  if (id !== undefined) return { state: 'taken', id };
  const why = err.trim() || `sbatch ended with code ${String(code)} and said nothing.`;
  const definite = (code === 1 || code === 255) && DEFINITE.some((pattern) => pattern.test(err));
  return { state: definite ? 'rejected' : 'unknown', why };
}

export const SHOW_CONFIG = 'scontrol show config';

/** What matters of a cluster's own settings. */
export interface ClusterFacts {
  readonly version: string | null;
  /** How long `squeue` knows a job after its end. */
  readonly minJobAgeMs: number | null;
  readonly accounting: boolean;
}

export function parseConfig(text: string): ClusterFacts {
  const of = (name: string) => new RegExp(`^${name}\\s*= *(.*)$`, 'm').exec(text)?.[1]?.trim() ?? null;
  const seconds = /^\d+/.exec(of('MinJobAge') ?? '')?.[0];
  return {
    version: of('SLURM_VERSION'),
    minJobAgeMs: seconds === undefined ? null : Number(seconds) * 1_000,
    accounting: !(of('AccountingStorageType') ?? 'none').includes('none'),
  };
}
