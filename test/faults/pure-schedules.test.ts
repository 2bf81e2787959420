import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLedger } from '../../gateway/store/ledger.ts';
import { createQueue, GROUP_READINGS } from '../../gateway/store/queue.ts';
import { decodeRecord, encodeRecord, scanRecords, seqOf } from '../../gateway/store/record.ts';
import type { Numbered } from '../../gateway/store/record.ts';
import { decodeBatch, encodeBatch } from '../../history/batch.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import { anyReading } from '../support/history.ts';
import { aReading, NOON } from '../support/readings.ts';
import { long, seed } from '../support/seeded.ts';

const often = { seed, numRuns: long ? 100_000 : 10_000 };
const LIMIT = { timeout: long ? 1_800_000 : 180_000 };

test('a batch comes back with every bit', LIMIT, () => {
  const anyBatch = fc.array(anyReading(), { maxLength: 12 });
  fc.assert(
    fc.property(anyBatch, (readings) => {
      expect(decodeBatch(encodeBatch(readings))).toStrictEqual(readings);
    }),
    often,
  );
});

test('of a spool that was cut or overwritten anywhere, every record that is whole comes back', LIMIT, () => {
  const anyDamage = fc.record({ at: fc.nat({ max: 1999 }), length: fc.nat({ max: 40 }), cut: fc.boolean() });
  const anyBatches = fc.array(fc.array(anyReading(), { maxLength: 3 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(anyBatches, anyDamage, (batches, { at, length, cut }) => {
      const records = batches.map((readings, i) => encodeRecord({ readings, changes: [] }, i + 1));
      const bytes = Buffer.concat(records);
      const from = at % bytes.length;
      const damaged = cut
        ? bytes.subarray(0, from)
        : Buffer.from(bytes).fill(0xa5, from, Math.min(from + length, bytes.length));
      let end = 0;
      const whole = records.filter((record) => {
        const begin = end;
        end += record.length;
        return damaged.subarray(begin, end).equals(record);
      });
      const found = scanRecords(damaged, 0).records;
      expect(found.map(seqOf)).toStrictEqual(whole.map(seqOf));
      for (const record of found)
        expect(decodeRecord(record).readings).toStrictEqual(batches[seqOf(record) - 1]);
    }),
    often,
  );
});

test('what waits for the writer is taken once, in its order and in groups of the right size', LIMIT, () => {
  const anyStep = fc.oneof(
    fc.integer({ min: 1, max: GROUP_READINGS }).map((weight) => ({ add: weight })),
    fc.constantFrom({ take: true } as const, { exchange: true } as const),
  );
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
      const queue = createQueue(() => undefined);
      const taken: number[] = [];
      let added = 0;
      const nothing = { changes: [], losses: [], resolve: () => undefined, reject: () => undefined };
      const take = () => {
        const next = queue.take();
        if (next === null) return;
        taken.push(...next.batch.readings.map(({ at }) => at));
        expect(next.items.reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(GROUP_READINGS);
      };
      for (const step of steps) {
        if ('add' in step) queue.add({ ...nothing, readings: [aReading({ at: ++added })], weight: step.add });
        else if ('take' in step) take();
        else queue.exchange((items) => [...items]);
      }
      while (!queue.empty) take();
      expect(taken).toStrictEqual(Array.from({ length: added }, (_, i) => i + 1));
    }),
    often,
  );
});

/** What may become of a group, one step after the other: the ways through the writer and its spool. */
const ways = {
  direct: ['commit', 'settle'],
  spooled: ['spool', 'replay'],
  'slow, and spooled meanwhile': ['spool', 'commit', 'replay again'],
  'committed, but not heard of': ['spool', 'replay again'],
} as const;
type Way = keyof typeof ways;
type Step = (typeof ways)[Way][number];

test('the ledger balances, whatever becomes of groups and whichever comes first', LIMIT, () => {
  const anyGroup = fc.record({
    way: fc.constantFrom(...(Object.keys(ways) as Way[])),
    tags: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 }),
    duplicates: fc.nat({ max: 2 }),
  });
  const anyOrder = fc.infiniteStream(fc.nat({ max: 1000 }));
  fc.assert(
    fc.property(fc.array(anyGroup, { minLength: 1, maxLength: 8 }), anyOrder, (groups, order) => {
      const ledger = createLedger();
      const under = groups.map(({ way, tags, duplicates }, i) => {
        const readings: Reading[] = tags.map((tag, n) => aReading({ tag: tag as TagId, at: NOON + n }));
        ledger.collected(readings);
        ledger.taken(readings);
        return {
          batch: { epoch: 'one', seq: i + 1, readings, changes: [] },
          left: [...ways[way]],
          duplicates,
        };
      });
      const duplicatesOf = ({ readings }: Numbered, most: number) => {
        const counts = new Map<TagId, number>();
        for (const { tag } of readings.slice(0, most)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
        return counts;
      };
      const take: Record<Step, (one: (typeof under)[number]) => void> = {
        spool: ({ batch }) => ledger.spooled(batch.seq, batch.readings),
        settle: ({ batch }) => ledger.settled(batch.seq),
        commit: (one) => ledger.committed([one.batch], committed(one, false), false),
        replay: (one) => ledger.committed([one.batch], committed(one, false), true),
        'replay again': (one) => ledger.committed([one.batch], committed(one, true), true),
      };
      const committed = ({ batch, duplicates }: (typeof under)[number], isDone: boolean) => ({
        batch: isDone ? { readings: [], changes: [] } : batch,
        due: new Set(isDone ? [] : [batch.seq]),
        duplicates: isDone ? new Map<TagId, number>() : duplicatesOf(batch, duplicates),
        refused: [],
      });
      const balance = () => {
        const { collected, ...places } = ledger.of([1, 2, 3] as TagId[]);
        expect(Object.values(places).reduce((sum, count) => sum + count, 0)).toBe(collected);
        expect(Math.min(...Object.values(places))).toBeGreaterThanOrEqual(0);
        return places;
      };
      for (let open = under; open.length > 0; open = under.filter(({ left }) => left.length > 0)) {
        const one = open[(order.next().value as number) % open.length];
        const step = one?.left.shift();
        if (one !== undefined && step !== undefined) take[step](one);
        balance();
      }
      expect(balance()).toMatchObject({ pending: 0, spooled: 0, quarantined: 0 });
    }),
    often,
  );
});
