import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { EXIT_CONFIG, Refusal } from './cli.ts';

/** What a schema finds missing is called so, everywhere. */
z.config({
  customError: (issue) =>
    issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : undefined,
});

/** Environment variables, as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;
type Tree = Record<string, unknown>;

const PREFIX = 'PENSTOCK_';

/** The environment of this process. */
export const environment: Environment = process.env;

/**
 * Reads a daemon's YAML file, lays `PENSTOCK_…` variables over it (`PENSTOCK_DATABASE__URL` sets `database.url`;
 * with `_FILE` behind, the value is the file's content), and checks it. All faults are reported at once, each with
 * its place; then the start ends with exit code 78.
 */
export function loadConfig<Config>(
  schema: z.ZodType<Config>,
  path: string,
  env: Environment = environment,
): Config {
  const tree = overlay(readYaml(path), env);
  const result = schema.safeParse(tree);
  if (result.success) return result.data;
  throw new Refusal(
    `${path} has ${result.error.issues.length} fault(s); nothing was started.\n${faults(result.error, tree).join('\n')}`,
    EXIT_CONFIG,
  );
}

const SECRET_KEYS = /password|secret|token/i;

/** One line a fault: the key's path, what is wrong and what stands there. */
export function faults(error: z.ZodError, tree: unknown): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(
        (key) => `  ${[...issue.path, key].join('.')}: this key is not known; check its spelling and place.`,
      );
    }
    const found = issue.path.reduce<unknown>((at, key) => (at as Tree | undefined)?.[key as string], tree);
    const hidden = issue.path.some((key) => SECRET_KEYS.test(String(key)));
    const shown = found === undefined ? 'missing' : hidden ? 'not shown' : shorten(found);
    return [`  ${issue.path.join('.') || '(top)'}: ${issue.message} (${shown})`];
  });
}

function shorten(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value);
  return `found ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

/** Parses a YAML file. A missing or broken file is a refusal that names the line. */
export function readYaml(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (err) {
    throw new Refusal(
      `${path} cannot be read: ${(err as Error).message}. Name another file with --config.`,
      EXIT_CONFIG,
      {
        cause: err,
      },
    );
  }
  return parseYaml(path, text);
}

/** Refuses what is no YAML, each fault with its line, and what grows without bound by its aliases. */
export function parseYaml(name: string, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  const found = document.errors.map(({ message }) => `  ${message}`);
  if (found.length > 0) throw noYaml(name, found.join('\n'));
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    throw noYaml(name, `  ${(cause as Error).message}. Write out what the aliases (*name) stand for.`, cause);
  }
}

const noYaml = (name: string, why: string, cause?: unknown): Refusal =>
  new Refusal(`${name} is not valid YAML; nothing was taken from it.\n${why}`, EXIT_CONFIG, { cause });

function overlay(tree: unknown, env: Environment): Tree {
  const result: Tree = structuredClone(typeof tree === 'object' && tree !== null ? (tree as Tree) : {});
  for (const [name, value] of Object.entries(env)) {
    if (
      !name.startsWith(PREFIX) ||
      value === undefined ||
      name.startsWith(`${PREFIX}SECRET_`) ||
      name.startsWith(`${PREFIX}TEST_`)
    )
      continue;
    const fromFile = name.endsWith('_FILE');
    const keys = name
      .slice(PREFIX.length, fromFile ? -'_FILE'.length : undefined)
      .split('__')
      .map(camelCase);
    set(result, keys, fromFile ? readFileSync(value, 'utf8').trimEnd() : scalar(value));
  }
  return result;
}

const camelCase = (word: string): string =>
  word.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Numbers and booleans as YAML reads them, everything else as text. */
function scalar(text: string): unknown {
  const value = parseDocument(text).toJS() as unknown;
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? value : text;
}

function set(tree: Tree, keys: readonly string[], value: unknown): void {
  const [key = '', ...rest] = keys;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const below = tree[key];
  const branch: Tree = typeof below === 'object' && below !== null ? (below as Tree) : {};
  tree[key] = branch;
  set(branch, rest, value);
}

/** A secret that a configuration names rather than holds. */
export const SecretName = z.strictObject({
  secret: z.string().regex(/^[a-z0-9-]+$/, 'small letters, digits and dashes'),
});
export type SecretName = z.infer<typeof SecretName>;

/**
 * Finds a secret by name: a systemd credential, the variable `PENSTOCK_SECRET_NAME`, or the file
 * `<data>/secrets/name`, in this order. Undefined if none holds it.
 */
export function findSecret(
  name: string,
  dataFolder: string,
  env: Environment = environment,
): string | undefined {
  const credentials = env['CREDENTIALS_DIRECTORY'];
  const fromEnvironment = env[`${PREFIX}SECRET_${name.toUpperCase().replaceAll('-', '_')}`];
  return (
    (credentials === undefined ? undefined : readIfThere(join(credentials, name))) ??
    fromEnvironment ??
    readIfThere(join(dataFolder, 'secrets', name))
  );
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw err;
  }
}

/** Keys that both daemons' files have. */
export const WebConfig = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.number().int().min(0).max(65535),
  transport: z.enum(['auto', 'uws', 'node']).default('auto'),
  tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).optional(),
});
export const DatabaseConfig = z.strictObject({
  url: z
    .string()
    .regex(/^(embedded$|postgres(ql)?:\/\/)/, "'embedded', or a URL that begins with postgres://"),
  poolSize: z.number().int().min(1).max(50).default(6),
});
export const LogConfig = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});
/** Backups by the clock. Better on another disk than the data. */
export const BackupConfig = z.strictObject({
  folder: z.string().min(1),
  /** In UTC. */
  cron: z.string().default('30 2 * * *'),
  /** How many are kept. */
  keep: z.number().int().min(1).max(1000).default(7),
  /** Each is restored into a database of its own, compared and removed: it needs the room for that. */
  testRestore: z.boolean().default(true),
});
export type BackupConfig = z.infer<typeof BackupConfig>;
