import * as timers from 'node:timers/promises';
import { selectDigests } from '../../history/store/digests.ts';
import { selectKeptOfAll } from '../../history/store/kept.ts';
import { selectReadings } from '../../history/store/readings.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { digestOfAll, rangesOf } from '../proof.ts';
import { CellsAnswer, HoursAnswer } from '../wire.ts';
import type { CellsQuestion, HoursQuestion } from '../wire.ts';
import type { Centre } from './centre.ts';
import { enqueueCorrections } from './store/outbox.ts';
import {
  beginProof,
  deleteDueBefore,
  deleteDueHour,
  passHours,
  postponeDueHour,
  selectDueHours,
} from './store/proof.ts';
import type { DueHour } from './store/proof.ts';

const HOUR_MS = 3_600_000;
/** Readings of an hour may come so much later without being late. */
const SETTLED_MS = 5 * 60_000;
/** After a link has come back. */
const FIRST_MS = 10_000;
const HOURS_AT_ONCE = 24;
const MOST_READINGS = 20_000;

export interface Proof {
  readonly db: Db;
  readonly log: Logger;
  /** Tags all of whose readings are sent. */
  readonly tags: () => Promise<readonly number[]>;
  readonly periodMs: number;
}

/**
 * Compares hour by hour what this site has with what the centre has, and sends again what differs, until `signal`
 * aborts. Rejects when the centre cannot be reached.
 */
export async function runProof(centre: Centre, proof: Proof, signal: AbortSignal): Promise<void> {
  await beginProof(proof.db, Date.now());
  await timers.setTimeout(Math.min(proof.periodMs, FIRST_MS), undefined, { signal });
  for (;;) {
    await passHours(proof.db, Date.now() - SETTLED_MS);
    while ((await compareSome(centre, proof, signal)) === HOURS_AT_ONCE) signal.throwIfAborted();
    await timers.setTimeout(proof.periodMs, undefined, { signal });
  }
}

/** Compares the oldest hours that are due, and settles with how many. */
async function compareSome(centre: Centre, proof: Proof, signal: AbortSignal): Promise<number> {
  const { db } = proof;
  const keptFrom = await selectKeptOfAll(db);
  const begins = Number.isFinite(keptFrom) ? Math.ceil(keptFrom / HOUR_MS) * HOUR_MS : 0;
  await deleteDueBefore(db, begins);
  const due = await selectDueHours(db, HOURS_AT_ONCE);
  if (due.length === 0) return 0;
  const tags = await proof.tags();
  const hours = [];
  for (const { hour } of due)
    hours.push({ hour: hour.getTime(), digest: digestOfAll(await selectDigests(db, tags, hour.getTime())) });
  const question: HoursQuestion = { keptFrom: begins, tags: rangesOf(tags), hours };
  const { differ } = HoursAnswer.parse(await ask(centre, '/sync/v1/digests', question, signal));
  for (const each of due)
    if (differ.includes(each.hour.getTime())) await mend(centre, { ...proof, tagsOf: tags }, each, signal);
    else await deleteDueHour(db, each);
  return due.length;
}

/** Finds the tags that differ within an hour, and sends their readings once more. */
async function mend(
  centre: Centre,
  { db, log, tagsOf, periodMs }: Proof & { readonly tagsOf: readonly number[] },
  due: DueHour,
  signal: AbortSignal,
): Promise<void> {
  const hour = due.hour.getTime();
  const digests = await selectDigests(db, tagsOf, hour);
  const question: CellsQuestion = {
    ...{ hour, tags: rangesOf(tagsOf) },
    cells: digests.map(({ tag, count, checksum }) => [tag, count, checksum]),
  };
  const { differ } = CellsAnswer.parse(await ask(centre, '/sync/v1/digests/cells', question, signal));
  if (differ.length === 0) {
    await deleteDueHour(db, due);
    return;
  }
  log.warn({ hour: due.hour, tags: differ.length }, 'The centre has other readings; they are sent again.');
  for (const tag of differ) await sendAgain(db, tag as TagId, hour);
  // When these have arrived it is compared again.
  await postponeDueHour(db, due, periodMs);
}

async function sendAgain(db: Db, tag: TagId, hour: number): Promise<void> {
  let from = hour;
  for (;;) {
    const page: Reading[] = await selectReadings(db, { tag, from, to: hour + HOUR_MS, limit: MOST_READINGS });
    const last = page.at(-1);
    if (last === undefined) return;
    await db.transaction((tx) => enqueueCorrections(tx, page));
    if (page.length < MOST_READINGS) return;
    from = last.at + 0.001;
  }
}

const ask = (centre: Centre, target: string, question: unknown, signal: AbortSignal): Promise<unknown> =>
  centre.ask('POST', target, signal, {
    ...{ body: Buffer.from(JSON.stringify(question)), type: 'application/json', lane: 'backlog' },
  });
