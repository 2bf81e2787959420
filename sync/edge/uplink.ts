import * as timers from 'node:timers/promises';
import { decodeBatch } from '../../history/batch.ts';
import type { Db } from '../../platform/database/db.ts';
import type { Logger } from '../../platform/log.ts';
import { Acknowledgement, segmentPath } from '../wire.ts';
import type { TagEntry } from '../wire.ts';
import { CentreRefused } from './centre.ts';
import type { Centre } from './centre.ts';
import {
  countWaiting,
  deleteAcknowledged,
  enqueueEvent,
  holdSegment,
  renewEpochs,
  selectUnsent,
} from './store/outbox.ts';
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
  const send = sender(centre, link, signal);
  let acknowledgedAt: number | null = null;
  for (;;) {
    signal.throwIfAborted();
    const events = await selectUnsent(link.db, 'events', 1);
    const round = events.length > 0 ? events : await selectUnsent(link.db, 'readings', IN_FLIGHT);
    const outcomes = await Promise.allSettled(round.map(send));
    if (outcomes.some(({ status }) => status === 'fulfilled')) acknowledgedAt = Date.now();
    link.progress(await countWaiting(link.db), acknowledgedAt);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (round.length === 0) await timers.setTimeout(link.idleMs, undefined, { signal });
  }
}

/** Sends one segment and acts on the answer. Rejects if only trying again later can help. */
function sender(centre: Centre, { db, log, tags }: Uplink, signal: AbortSignal) {
  return async (segment: Waiting): Promise<void> => {
    try {
      const answer = await centre.ask('POST', segmentPath(segment), signal, {
        body: segment.payload,
        type: 'application/octet-stream',
      });
      const { state, reason } = Acknowledgement.parse(answer);
      if (state === 'quarantined')
        log.error({ ...named(segment), reason }, 'The centre cannot read a segment and keeps it aside.');
      await deleteAcknowledged(db, segment);
    } catch (err) {
      if (!(err instanceof CentreRefused)) throw err;
      await actOnRefusal(segment, err);
    }
  };

  async function actOnRefusal(segment: Waiting, refusal: CentreRefused): Promise<void> {
    switch (refusal.status) {
      case 409:
        log.warn(
          { ...named(segment), err: refusal },
          'The centre has other segments by these numbers; renumbering.',
        );
        await renewEpochs(db);
        return;
      case 424:
        await enqueueEvent(db, { type: 'tags', tags: await dictionaryFor(segment, tags) });
        return;
      case 400:
      case 413:
      case 415:
      case 422:
        log.error(
          { ...named(segment), err: refusal },
          'The centre refuses a segment; it waits while the others go on.',
        );
        await holdSegment(db, segment, refusal.message, HOLD_MS);
        return;
      default:
        throw refusal;
    }
  }
}

const named = ({ stream, epoch, seq, n }: Waiting) => ({ stream, epoch, seq, n });

/** All tags, and a name for those that the segment still speaks of though they were deleted here. */
async function dictionaryFor(segment: Waiting, tags: Uplink['tags']): Promise<TagEntry[]> {
  const known = await tags();
  const there = new Set(known.map(({ id }) => id));
  const ids = segment.stream === 'readings' ? decodeBatch(segment.payload).map(({ tag }) => tag) : [];
  const deleted = [...new Set<number>(ids)].filter((id) => !there.has(id));
  return [...known, ...deleted.map(deletedTag)];
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
