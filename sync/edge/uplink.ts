import * as timers from 'node:timers/promises';
import { decodeBatch } from '../../history/batch.ts';
import { crashPoint } from '../../platform/crash/point.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { Acknowledgement, EventsPayload, segmentPath } from '../wire.ts';
import type { TagEntry } from '../wire.ts';
import { CentreRefused } from './centre.ts';
import type { Centre } from './centre.ts';
import { countWaiting, deleteAcknowledged, holdSegment, renewEpochs, selectUnsent } from './store/outbox.ts';
import type { Waiting } from './store/outbox.ts';

/** Readings segments under way at a time. Events go one by one: their order matters. */
const IN_FLIGHT = 4;
const HOLD_MS = 10 * 60_000;

export interface Uplink {
  readonly db: Db;
  readonly log: Logger;
  /** The site's whole tag dictionary. */
  readonly tags: () => Promise<readonly TagEntry[]>;
  /** After each round: how many segments wait, and when the last one was acknowledged. */
  progress(waiting: number, acknowledgedAt: number | null): void;
  readonly idleMs: number;
}

/** Sends what waits, events first, until `signal` aborts. Rejects when the centre cannot be reached. */
export async function runUplink(centre: Centre, link: Uplink, signal: AbortSignal): Promise<void> {
  let acknowledgedAt: number | null = null;
  for (;;) {
    signal.throwIfAborted();
    const events = await selectUnsent(link.db, 'events', 1);
    const round = events.length > 0 ? events : await selectUnsent(link.db, 'readings', IN_FLIGHT);
    const outcomes = await Promise.allSettled(round.map((segment) => send(centre, link, segment, signal)));
    const settled = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    if (settled.includes('acknowledged')) acknowledgedAt = Date.now();
    link.progress(await countWaiting(link.db), acknowledgedAt);
    // Only now, when nothing is under way: renumbering must not overtake an acknowledgement.
    await actOnRefusals(
      centre,
      link,
      settled.filter((outcome) => outcome !== 'acknowledged'),
      signal,
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (round.length === 0) await timers.setTimeout(link.idleMs, undefined, { signal });
  }
}

interface Refused {
  readonly segment: Waiting;
  readonly refusal: CentreRefused;
}

/** Sends one segment. Rejects where the centre did not answer, or not for this segment's sake. */
async function send(
  centre: Centre,
  { db, log }: Uplink,
  segment: Waiting,
  signal: AbortSignal,
): Promise<'acknowledged' | Refused> {
  try {
    const answer = await centre.ask('POST', segmentPath(segment), signal, {
      body: segment.payload,
      type: 'application/octet-stream',
    });
    const { state, reason } = Acknowledgement.parse(answer);
    if (state === 'quarantined')
      log.error({ ...named(segment), reason }, 'The centre cannot read a segment and keeps it aside.');
    crashPoint('outbox.acknowledged');
    await deleteAcknowledged(db, segment);
    return 'acknowledged';
  } catch (err) {
    if (err instanceof CentreRefused && ABOUT_THE_SEGMENT.has(err.status)) return { segment, refusal: err };
    throw err;
  }
}

const COUNT_ANEW = 409;
const SEND_DICTIONARY = 424;
const ABOUT_THE_SEGMENT = new Set([400, COUNT_ANEW, 413, 415, 422, SEND_DICTIONARY]);

const named = ({ stream, epoch, seq, n }: Waiting) => ({ stream, epoch, seq, n });

async function actOnRefusals(
  centre: Centre,
  { db, log, tags }: Uplink,
  refused: readonly Refused[],
  signal: AbortSignal,
): Promise<void> {
  const of = (status: number) => refused.filter(({ refusal }) => refusal.status === status);
  const [taken] = of(COUNT_ANEW);
  const lacking = of(SEND_DICTIONARY).map(({ segment }) => segment);
  if (lacking.length > 0)
    await centre.ask('POST', '/sync/v1/tags', signal, {
      body: Buffer.from(JSON.stringify(dictionaryFor(lacking, await tags()))),
      type: 'application/json',
    });
  for (const { segment, refusal } of refused) {
    if (refusal.status === COUNT_ANEW || refusal.status === SEND_DICTIONARY) continue;
    log.error(
      { ...named(segment), err: refusal },
      'The centre refuses a segment; it waits while others go on.',
    );
    await holdSegment(db, segment, refusal.message, HOLD_MS);
  }
  if (taken === undefined) return;
  log.warn(
    { ...named(taken.segment), err: taken.refusal },
    'The centre has other segments by these numbers.',
  );
  await renewEpochs(db);
}

/** All tags, and a name for those that the segments still speak of though they were deleted here. */
function dictionaryFor(segments: readonly Waiting[], known: readonly TagEntry[]): TagEntry[] {
  const there = new Set(known.map(({ id }) => id));
  const deleted = new Set(segments.flatMap(tagsOf).filter((id) => !there.has(id)));
  return [...known, ...[...deleted].map(deletedTag)];
}

function tagsOf({ stream, payload }: Waiting): number[] {
  if (stream === 'readings') return decodeBatch(payload).map(({ tag }) => tag);
  const events = EventsPayload.parse(JSON.parse(payload.toString('utf8')));
  return events.flatMap((event) => (event.type === 'tags' ? [] : (event.tag ?? [])));
}

const deletedTag = (id: number): TagEntry => ({
  id,
  name: `deleted tag ${id}`,
  description: '',
  unit: '',
  kind: 'number',
  decimals: 2,
  area: '',
});
