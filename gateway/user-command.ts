import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { createPasswords } from '../platform/access/password.ts';
import type { Actor } from '../platform/access/store/audit.ts';
import { selectUserByName } from '../platform/access/store/users.ts';
import { createTokens } from '../platform/access/tokens.ts';
import { changeUser, createUser, prepareUser } from '../platform/access/users.ts';
import { Role } from '../platform/api/session.ts';
import { NewUser, UserChange } from '../platform/api/users.ts';
import type { Command, Values } from '../platform/cli.ts';
import { Refusal, UsageError, required } from '../platform/cli.ts';
import type { Database } from '../platform/database/db.ts';
import { createLog } from '../platform/log.ts';
import { Problem } from '../platform/web/problem.ts';
import { configOption, withDatabase } from './with-database.ts';

/** Who sits at the machine itself: the audit trail has no other name for him. */
const ACTOR: Actor = { who: 'command line', address: null, correlationId: null };
const DAY_MS = 86_400_000;

/** From the file that is named, otherwise from standard input: never from the command line, which others can read. */
function passwordOf(values: Values): string {
  const file = values['password-file'];
  const password = readFileSync(typeof file === 'string' ? file : 0, 'utf8').trimEnd();
  if (password === '')
    throw new UsageError('The password is empty: give it in --password-file or on standard input.');
  return password;
}

function roleOf(values: Values): Role {
  const role = Role.safeParse(values['role']);
  if (role.success) return role.data;
  throw new UsageError(`--role must be one of ${Role.options.join(', ')}.`);
}

/** The same rules as over the web. */
function checked<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new Refusal(
    result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}.`).join('\n'),
  );
}

const verbs: Readonly<Record<string, (db: Database, name: string, values: Values) => Promise<string>>> = {
  async add(db, name, values) {
    const user = checked(NewUser, { name, role: roleOf(values), password: passwordOf(values) });
    await createUser(db, ACTOR, await prepareUser(createPasswords(), user));
    return `Added ${name} as ${user.role}.`;
  },
  async password(db, name, values) {
    const user = await selectUserByName(db, name);
    if (user === null) throw new Refusal(`There is no user '${name}'.`);
    const { password } = checked(UserChange, { password: passwordOf(values) });
    await changeUser(db, createPasswords(), ACTOR, { id: user.id, password });
    return `${name} has a new password; all sessions of ${name} end.`;
  },
  async token(db, name, values) {
    const days = Number(required(values, 'days'));
    if (!Number.isInteger(days) || days < 1) throw new UsageError('--days must be a whole number from 1 on.');
    const expiresAt = new Date(Date.now() + days * DAY_MS).toISOString();
    const { secret } = await createTokens(db, createLog('penstock', 'warn')).issue(ACTOR, {
      ...{ name, role: roleOf(values), expiresAt },
    });
    return secret;
  },
};

export const user: Command = {
  name: 'user',
  operands: 'add|password|token NAME',
  summary: 'Adds a user, sets a password, or makes an API token, which is printed once.',
  options: {
    ...configOption,
    role: { type: 'string', help: Role.options.join(', ') },
    'password-file': {
      type: 'string',
      help: 'file with the password; otherwise it is read from standard input',
    },
    days: { type: 'string', default: '365', help: 'how long a token is good (365)' },
  },
  async run(values, [verb = '', name]) {
    const act = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
    if (act === undefined) throw new UsageError(`'${verb}' is not one of ${Object.keys(verbs).join(', ')}.`);
    if (name === undefined) throw new UsageError('NAME is missing.');
    try {
      process.stdout.write(`${await withDatabase(values, (db) => act(db, name, values))}\n`);
    } catch (err) {
      throw err instanceof Problem ? new Refusal(err.message, 1, { cause: err }) : err;
    }
  },
};
