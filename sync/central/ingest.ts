import { crc32 } from 'node:zlib';
import { decodeBatch } from '../../history/batch.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import { insertReadings } from '../../history/store/readings.ts';
import { correctReadings } from '../../history/store/correct.ts';
import type { Db } from '../../platform/database/db.ts';
import { isOutage } from '../../platform/database/outage.ts';
import type { Logger } from '../../platform/log.ts';
import { EventsPayload } from '../wire.ts';
import type { Acknowledgement, SiteEvent } from '../wire.ts';
import type { SyncMetrics } from './metrics.ts';
import { insertAlarmChange, insertDeviceAlarmChange } from './store/alarms.ts';
import type { Arrival } from './store/ledger.ts';
import { addReadings, advanceProgress, insertArrival, selectChecksum } from './store/ledger.ts';
import { insertMessage } from './store/messages.ts';
import { insertQuarantined, takeQuarantined } from './store/quarantine.ts';
import { selectTagMap, upsertTags } from './store/tags.ts';
import { insertTraining } from './store/trainings.ts';

/** The segment speaks of tags that the centre does not know: the site is to send its dictionary first. */
export class UnknownTags extends Error {
  override name = 'UnknownTags';
}

/** Another segment arrived under the same number: the site was restored or cloned, and must count anew. */
export class NumberTaken extends Error {
  override name = 'NumberTaken';
}

/** The segment cannot be read, now or later. */
class Unreadable extends Error {
  override name = 'Unreadable';
}

/** Takes in one segment; its effect is there exactly once, however often it comes. */
export type Receive = (arrival: Arrival) => Promise<Acknowledgement>;

/**
 * The one way in. A segment's content and its place in the ledger commit together. What cannot be read is kept aside
 * and acknowledged, so that it holds nothing up. Rejects with `UnknownTags`, `NumberTaken`, or while the database is away.
 */
export function receiver(db: Db, log: Logger, metrics: SyncMetrics): Receive {
  const receive = receiveOnce(db, log);
  return async (arrival) => {
    const answer = await receive(arrival);
    metrics.received(arrival, answer);
    return answer;
  };
}

function receiveOnce(db: Db, log: Logger): Receive {
  return async (arrival) => {
    try {
      const store = reading(arrival);
      return await db.transaction((tx) => take(tx, arrival, store));
    } catch (err) {
      if (!isPoison(err)) throw err;
      const reason = (err as Error).message;
      const { site, segment } = arrival;
      log.error({ err, site, ...segment }, 'A segment cannot be read; it is kept in quarantine.');
      const keepAside = async (tx: Db) => {
        await insertQuarantined(tx, arrival, reason);
        return 0;
      };
      return db.transaction((tx) => take(tx, arrival, keepAside, reason));
    }
  };
}

/**
 * Takes a segment out of the quarantine and in once more, as if it had just come; its place in the ledger it has.
 * Rejects as long as it cannot be read, and leaves it where it was. False where there is none by this id.
 */
export const retryQuarantined = (db: Db, id: string): Promise<boolean> =>
  db.transaction(async (tx) => {
    const arrival = await takeQuarantined(tx, id);
    if (arrival === null) return false;
    const readings = await reading(arrival)(tx);
    if (readings > 0) await addReadings(tx, arrival.site, readings);
    return true;
  });

/** A fault of the data, not of the moment: what we cannot decode, and what the database finds impossible to store. */
export function isPoison(err: unknown): boolean {
  if (err instanceof Unreadable) return true;
  if (err instanceof UnknownTags || err instanceof NumberTaken || isOutage(err)) return false;
  const code = codeOf(err);
  return err instanceof TypeError || err instanceof RangeError || /^(22|23)/.test(code);
}

function codeOf(err: unknown): string {
  if (!(err instanceof Error)) return '';
  return 'code' in err && typeof err.code === 'string' ? err.code : codeOf(err.cause);
}

/** Settles with how many readings were new. */
type Store = (tx: Db) => Promise<number>;

async function take(tx: Db, arrival: Arrival, store: Store, quarantined?: string): Promise<Acknowledgement> {
  if (!(await insertArrival(tx, arrival))) {
    if ((await selectChecksum(tx, arrival)) === arrival.segment.crc) return { state: 'duplicate' };
    const { stream, seq } = arrival.segment;
    throw new NumberTaken(`Another segment ${seq} of '${stream}' arrived before. Count anew.`);
  }
  const readings = await store(tx);
  if (!(await advanceProgress(tx, arrival)))
    throw new NumberTaken(
      `Segment ${arrival.segment.seq} of '${arrival.segment.stream}' is of long ago, or covers numbers that came in others. Count anew.`,
    );
  if (readings > 0) await addReadings(tx, arrival.site, readings);
  return quarantined === undefined ? { state: 'stored' } : { state: 'quarantined', reason: quarantined };
}

/** Decodes a segment before anything is locked, and returns what is to be done with it. */
function reading(arrival: Arrival): Store {
  const { site, segment, payload } = arrival;
  if (crc32(payload) !== segment.crc) throw new Unreadable('The payload does not have its checksum.');
  switch (segment.kind) {
    case 'readings-1': {
      const readings = decoded('readings', () => decodeBatch(payload));
      countIs(segment.n, readings.length);
      return (tx) => storeReadings(tx, site, readings);
    }
    case 'corrections-1': {
      const readings = decoded('readings', () => decodeBatch(payload));
      countIs(segment.n, readings.length);
      return async (tx) => correctReadings(tx, await numbered(tx, site, readings));
    }
    case 'events-1': {
      const events = decoded('events', () =>
        EventsPayload.parse(JSON.parse(Buffer.from(payload).toString('utf8'))),
      );
      countIs(segment.n, events.length);
      return (tx) => storeEvents(tx, site, events);
    }
    default:
      throw new Unreadable(`Segments of kind '${segment.kind}' are not known to this version.`);
  }
}

function decoded<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (err) {
    throw new Unreadable(`The payload does not hold ${what}: ${(err as Error).message}`, { cause: err });
  }
}

function countIs(announced: number, found: number): void {
  if (announced !== found)
    throw new Unreadable(`The payload holds ${found} items; ${announced} were announced.`);
}

const storeReadings = async (tx: Db, site: string, readings: readonly Reading[]): Promise<number> =>
  insertReadings(tx, await numbered(tx, site, readings));

/** Readings with the centre's numbers for their tags. */
async function numbered(tx: Db, site: string, readings: readonly Reading[]): Promise<Reading[]> {
  const tagOf = numbersOf(await selectTagMap(tx, site));
  return readings.map((one) => ({ ...one, tag: tagOf(one.tag) }));
}

const numbersOf =
  (map: ReadonlyMap<number, TagId>) =>
  (siteTag: number): TagId => {
    const tag = map.get(siteTag);
    if (tag === undefined)
      throw new UnknownTags(`Tag ${siteTag} of this site is not known. Send the dictionary.`);
    return tag;
  };

async function storeEvents(tx: Db, site: string, events: readonly SiteEvent[]): Promise<number> {
  let tagOf: ReturnType<typeof numbersOf> | undefined;
  for (const event of events) {
    if (event.type === 'tags') {
      await upsertTags(tx, site, event.tags);
      tagOf = undefined;
      continue;
    }
    tagOf ??= numbersOf(await selectTagMap(tx, site));
    if (event.type === 'device-alarm') {
      await insertDeviceAlarmChange(tx, site, event.tag === null ? null : tagOf(event.tag), event);
      continue;
    }
    const tag = tagOf(event.tag);
    if (event.type === 'alarm') await insertAlarmChange(tx, site, tag, event);
    else if (await insertTraining(tx, site, tag, event))
      await insertMessage(tx, site, { type: 'training-status', id: event.id, state: 'queued', error: null });
  }
  return 0;
}
