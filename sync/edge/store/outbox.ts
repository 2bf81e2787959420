import { crc32 } from 'node:zlib';
import { encodeBatch } from '../../../history/batch.ts';
import type { Reading } from '../../../history/reading.ts';
import { crashPoint } from '../../../platform/crash/point.ts';
import type { Db } from '../../../platform/database/db.ts';
import { instant } from '../../../platform/database/instant.ts';
import type { Segment, SegmentKind, SiteEvent } from '../../wire.ts';

/** Readings in one segment: keeps a request small, also where a backlog of history is stored in one transaction. */
const MAX_READINGS = 20_000;
/** Long texts make large segments: such a one is cut in halves. */
const MAX_BYTES = 250_000;

/** Puts what it was made of into the outbox, inside of a transaction; in another one again, where that failed. */
export type Enqueue = (tx: Db) => Promise<void>;

/** What the gateway's transactions hand to the centre: it is sent exactly if the transaction commits. */
export interface Outbox {
  /** Encodes readings for the outbox. */
  segmentsOf(readings: readonly Reading[]): Enqueue;
  enqueueEvent(tx: Db, ...events: readonly SiteEvent[]): Promise<void>;
}

/** One round trip a segment. */
function segmentsOf(readings: readonly Reading[], largestBytes = MAX_BYTES): Enqueue {
  const segments: Sealed[] = [];
  for (let from = 0; from < readings.length; from += MAX_READINGS)
    segments.push(
      ...seal(
        from === 0 && readings.length <= MAX_READINGS ? readings : readings.slice(from, from + MAX_READINGS),
        largestBytes,
      ),
    );
  return async (tx) => {
    for (const { facts, payload } of segments) await append(tx, facts, payload);
  };
}

interface Sealed {
  readonly facts: Facts;
  readonly payload: Uint8Array;
}

function seal(readings: readonly Reading[], largestBytes: number): Sealed[] {
  const payload = encodeBatch(readings);
  const n = readings.length;
  if (payload.byteLength > largestBytes && n > 1)
    return [...seal(readings.slice(0, n / 2), largestBytes), ...seal(readings.slice(n / 2), largestBytes)];
  let tMin = Infinity;
  let tMax = -Infinity;
  for (const { at } of readings) {
    tMin = Math.min(tMin, at);
    tMax = Math.max(tMax, at);
  }
  return [{ facts: { stream: 'readings', kind: 'readings-1', n, tMin, tMax }, payload }];
}

export const enqueueReadings = (tx: Db, readings: readonly Reading[]): Promise<void> =>
  segmentsOf(readings)(tx);

export async function enqueueEvent(tx: Db, ...events: readonly SiteEvent[]): Promise<void> {
  if (events.length === 0) return;
  const now = Date.now();
  await append(
    tx,
    { stream: 'events', kind: 'events-1', n: events.length, tMin: now, tMax: now },
    Buffer.from(JSON.stringify(events)),
  );
}

/** Readings of an hour that the centre has otherwise: these take their place. Never urgent. */
export async function enqueueCorrections(tx: Db, readings: readonly Reading[]): Promise<void> {
  for (const { facts, payload } of seal(readings, MAX_BYTES))
    await append(tx, { ...facts, kind: 'corrections-1', bulk: true }, payload);
}

/** Where a centre is configured. `largestBytes`: no segment of readings is larger, where its texts allow it. */
export const outboxOf = (largestBytes: number): Outbox => ({
  segmentsOf: (readings) => segmentsOf(readings, largestBytes),
  enqueueEvent,
});
export const outbox: Outbox = outboxOf(MAX_BYTES);

/** Where there is no centre: nothing is kept for it. */
export const noOutbox: Outbox = {
  segmentsOf: () => () => Promise.resolve(),
  enqueueEvent: () => Promise.resolve(),
};

interface Facts extends Pick<Segment, 'stream' | 'n' | 'tMin' | 'tMax'> {
  readonly kind: SegmentKind;
  readonly bulk?: true;
}

// Readings of hours that were compared with the centre mark them to be compared again. The lock makes sure that an hour
// is not handed over to be compared between the look at where that is and the commit of its readings.
const APPEND = {
  name: 'append segment',
  text: `with counted as (
       update sync_streams set next_seq = next_seq + 1 where stream = $1 returning epoch, next_seq - 1 as seq
     ), passed as (
       select passed_to from sync_proof
       where $1 = 'readings' and not $8 and passed_to > $4::timestamptz for share
     ), late as (
       insert into sync_due_hours (hour)
       select hour from passed, generate_series(
         date_bin('1 hour', $4::timestamptz, '2000-01-01Z'::timestamptz),
         least($5::timestamptz, passed_to - interval '1 microsecond'), interval '1 hour'
       ) as hour limit 10000
       on conflict (hour) do update set marks = sync_due_hours.marks + 1
     )
     insert into sync_outbox (stream, epoch, seq, kind, n, t_min, t_max, crc, payload, bulk)
     select $1, epoch, seq, $2, $3, $4, $5, $6, $7, $8 from counted`,
};

async function append(tx: Db, facts: Facts, payload: Uint8Array): Promise<void> {
  await tx.query(APPEND, [
    facts.stream,
    facts.kind,
    facts.n,
    instant(facts.tMin),
    instant(facts.tMax),
    crc32(payload),
    payload,
    facts.bulk ?? false,
  ]);
  crashPoint('outbox.frozen');
}
