import { crc32 } from 'node:zlib';
import { expect } from 'vitest';
import { decodeBatch } from '../../history/batch.ts';
import type { Reading } from '../../history/reading.ts';
import { micros } from '../../history/times.ts';
import type { Db } from '../../platform/database/db.ts';
import { renewEpochs } from '../../sync/edge/store/epochs.ts';
import { deleteAcknowledged, holdSegment, takeSegment } from '../../sync/edge/store/sending.ts';
import type { Waiting } from '../../sync/edge/store/sending.ts';
import type { SiteEvent } from '../../sync/wire.ts';
import type { Fate } from './store-steps.ts';

const AT_ONCE = 4;
const HOLD_MS = 3_600_000;

export const keyOf = ({ tag, at }: Pick<Reading, 'tag' | 'at'>): string => `${tag} ${micros(at)}`;

/** What the centre knows of a site: of readings for one instant the first that came, and each segment once. */
function memory() {
  const segments = new Map<string, number>();
  const readings = new Map<string, Reading>();
  const events: SiteEvent[] = [];
  const take = ({ stream, payload, n }: Waiting): void => {
    if (stream === 'events') {
      events.push(...(JSON.parse(payload.toString('utf8')) as SiteEvent[]));
      return;
    }
    const came = decodeBatch(payload);
    expect(came).toHaveLength(n);
    // Of several for one instant the edge keeps one, so that no order of arrival makes a difference here.
    expect(new Set(came.map(keyOf)).size).toBe(came.length);
    for (const reading of came) if (!readings.has(keyOf(reading))) readings.set(keyOf(reading), reading);
  };
  return {
    readings,
    events,
    segments,
    /** False: another segment came under this number before. */
    receive: (segment: Waiting): boolean => {
      expect(crc32(segment.payload)).toBe(segment.crc);
      const key = `${segment.stream} ${segment.epoch} ${segment.seq}`;
      const known = segments.get(key);
      if (known !== undefined) return known === segment.crc;
      for (let { seq } = segment; seq <= (segment.through ?? segment.seq); seq++) {
        const each = `${segment.stream} ${segment.epoch} ${seq}`;
        expect(segments.has(each)).toBe(false);
        segments.set(each, segment.crc);
      }
      take(segment);
      return true;
    },
  };
}

/** Sends as the uplink of a site does, to a centre that remembers; answers may be lost or late. */
export function aCentreOf(db: Db) {
  const { receive, readings, events, segments } = memory();
  let late: readonly Waiting[] = [];
  let mostBytes = 13;

  const acknowledge = async (all: readonly Waiting[]) => {
    for (const segment of all) await deleteAcknowledged(db, segment);
  };
  const take = async (stream: Waiting['stream'], most: number): Promise<readonly Waiting[]> => {
    const taken: Waiting[] = [];
    while (taken.length < most) {
      const underWay = taken.map(({ seq }) => seq);
      // Of the sizes that a line may ask for, one after the other.
      mostBytes = (mostBytes * 7) % 5_000;
      const next = await takeSegment(db, { stream, part: null, underWay, mostBytes });
      if (next === null) break;
      taken.push(next);
    }
    return taken;
  };
  const round = async (): Promise<readonly Waiting[]> => {
    const first = await take('events', 1);
    return first.length > 0 ? first : take('readings', AT_ONCE);
  };
  const send = async (fate: Fate): Promise<number> => {
    await acknowledge(late);
    late = [];
    const sent = await round();
    // Refused events would come after later ones.
    if (fate === 'refused' && sent[0]?.stream === 'readings') {
      for (const segment of sent) await holdSegment(db, segment, 'The disk is full.', HOLD_MS);
      return sent.length;
    }
    // What overtakes what on the way nobody knows.
    const fresh = sent.toReversed().filter(receive);
    if (fate === 'late') late = fresh;
    if (fate === 'acknowledged' || fate === 'refused') await acknowledge(fresh);
    if (fresh.length < sent.length) {
      await acknowledge(late);
      late = [];
      await renewEpochs(db);
    }
    return sent.length;
  };
  return {
    readings,
    events,
    send: (fate: Fate): Promise<void> => send(fate).then(() => undefined),
    /** Whatever still waits arrives. */
    async takeAll(): Promise<void> {
      await db.query('update sync_outbox set held_until = null');
      while ((await send('acknowledged')) > 0);
    },
    /** Numbers of the present epoch that never came, of each stream. */
    async missing(): Promise<string[]> {
      const streams = await db.query<{ stream: string; epoch: string; next: number }>(
        'select stream, epoch, next_seq::float8 as next from sync_streams',
      );
      return streams.flatMap(({ stream, epoch, next }) =>
        Array.from({ length: next - 1 }, (_, i) => `${stream} ${epoch} ${i + 1}`).filter(
          (key) => !segments.has(key),
        ),
      );
    },
  };
}
