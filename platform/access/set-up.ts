import { setTimeout as delay } from 'node:timers/promises';
import type { SetUp } from '../api/session.ts';
import type { Database } from '../database/db.ts';
import { isOutage } from '../database/outage.ts';
import type { Logger } from '../log.ts';
import { Problem } from '../web/problem.ts';
import type { User } from '../web/route.ts';
import { requireDatabase } from './known.ts';
import type { Passwords } from './password.ts';
import { setUpCode } from './set-up-code.ts';
import { tooMany } from './sign-in.ts';
import { insertAudit } from './store/audit.ts';
import type { Actor } from './store/audit.ts';
import { countUsers, lockUsers } from './store/users.ts';
import { createUser, prepareUser } from './users.ts';

const WINDOW_MS = 600_000;
const MOST_WRONG = 5;
const RETRY_MS = 2_000;

/** The first administrator: made by whoever can read the machine's log or its data folder. */
export interface FirstSetUp extends AsyncDisposable {
  /** True until somebody can sign in. Rejects with 503 while that cannot be known. */
  needed(): Promise<boolean>;
  create(actor: Actor, setUp: SetUp): Promise<User>;
}

interface Options {
  readonly db: Database;
  readonly passwords: Passwords;
  /** `setup-code` is kept here. */
  readonly folder: string;
  readonly log: Logger;
  readonly now: () => number;
}

/** Makes the code as soon as the database has been asked and has no users, and logs it that once. */
export function openSetUp({ db, passwords, folder, log, now }: Options): FirstSetUp {
  const code = setUpCode(folder);
  const guesses = limitGuesses(now);
  const stop = new AbortController();
  let isDone = false;

  const hasUsers = async () => {
    // The last administrator is never removed: once there are users, there always are.
    isDone ||= (await countUsers(db)) > 0;
    return isDone;
  };
  const offer = async () => ((await hasUsers()) ? code.remove() : announce(code, log));
  const offering = whenReady(db, offer, stop.signal).catch((err: unknown) => {
    if (!stop.signal.aborted) log.error({ err, file: code.file }, 'Cannot offer the set-up code.');
  });

  const refuseWrong = async (actor: Actor, given: string) => {
    guesses.begin();
    if (await code.isRight(given)) return;
    guesses.failed();
    await insertAudit(db, actor, { action: 'set up', result: 'refused' });
    throw new Problem({
      status: 403,
      detail:
        'The set-up code is wrong. It is in the log of the first start, and in setup-code in the data folder.',
    });
  };

  return {
    async needed() {
      if (!isDone) requireDatabase(db);
      return !(await hasUsers());
    },
    async create(actor, { code: given, ...person }) {
      requireDatabase(db);
      if (await hasUsers()) throw tooLate();
      await refuseWrong(actor, given);
      const prepared = await prepareUser(passwords, { ...person, role: 'administrator' });
      const { id, name, role } = await db.transaction(async (tx) => {
        await lockUsers(tx);
        if ((await countUsers(tx)) > 0) throw tooLate();
        return createUser(tx, { ...actor, who: person.name }, prepared);
      });
      isDone = true;
      await code.remove();
      return { id, name, role, kind: 'person' };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await offering;
    },
  };
}

async function announce(code: ReturnType<typeof setUpCode>, log: Logger): Promise<void> {
  const fresh = await code.make();
  if (fresh === undefined)
    log.info({ file: code.file }, 'Nobody can sign in yet; the set-up code is in the file.');
  else log.info({ file: code.file }, `Nobody can sign in yet. Set-up code: ${fresh}`);
}

/** Five wrong codes in ten minutes, wherever they come from. */
function limitGuesses(now: () => number) {
  const wrong: number[] = [];
  return {
    begin(): void {
      while (wrong[0] !== undefined && now() - wrong[0] > WINDOW_MS) wrong.shift();
      if (wrong[0] !== undefined && wrong.length >= MOST_WRONG) throw tooMany(wrong[0] + WINDOW_MS - now());
    },
    failed: () => void wrong.push(now()),
  };
}

async function whenReady(db: Database, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (;;) {
    await db.ready(signal);
    try {
      await work();
      return;
    } catch (err) {
      if (!isOutage(err)) throw err;
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

const tooLate = () => new Problem({ status: 409, detail: 'The set-up is done already. Sign in instead.' });
