import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CentreMessage, EventsPayload, SegmentAddress, SegmentFacts, segmentPath } from '../../sync/wire.ts';
import { anAlarm, anOrder, aTag } from '../support/sync.ts';

const segment = fc.record({
  stream: fc.constantFrom('events' as const, 'readings' as const),
  epoch: fc.uuid(),
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  kind: fc.constantFrom('events-1', 'readings-1', 'of-tomorrow'),
  n: fc.integer({ min: 1 }),
  tMin: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  tMax: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  crc: fc.integer({ min: 0, max: 0xffff_ffff }),
});

test('what stands in a segment’s address is read back as it was written', () => {
  fc.assert(
    fc.property(segment, (written) => {
      const url = new URL(segmentPath(written), 'http://centre');
      const [, , , , stream, epoch, seq] = url.pathname.split('/');
      const read = {
        ...SegmentAddress.parse({ stream, epoch, seq }),
        ...SegmentFacts.parse(Object.fromEntries(url.searchParams)),
      };
      expect(read).toEqual(written);
    }),
  );
});

test('events survive their trip as JSON', () => {
  const events = [{ type: 'tags', tags: [aTag(1)] }, anAlarm(), anOrder(), anOrder({ from: 5 })];
  expect(EventsPayload.parse(JSON.parse(JSON.stringify(events)))).toEqual(events);
});

test.each([
  ['an unknown type', { type: 'self-destruct' }],
  ['a key that nobody knows', { ...anAlarm(), volume: 11 }],
  ['a tag that cannot be one', { ...anAlarm(), tag: 0 }],
  ['a text where a number is due', { ...anAlarm(), limit: '8' }],
  ['settings that no model can have', anOrder({ settings: { stepMs: 0, season: 0, horizon: 0 } })],
])('an event with %s is refused', (_, event) => {
  expect(EventsPayload.safeParse([event]).success).toBe(false);
});

test('a message of a later centre may say more than this site understands', () => {
  const message = { type: 'training-status', id: randomUUID(), state: 'queued', error: null, mood: 'fine' };
  expect(CentreMessage.safeParse(message).success).toBe(true);
});

test('whatever JSON comes, it is accepted or refused, and nothing breaks', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const results = [EventsPayload.safeParse(value), CentreMessage.safeParse(value)];
      expect(results.map(({ success }) => typeof success)).toEqual(['boolean', 'boolean']);
    }),
  );
});
