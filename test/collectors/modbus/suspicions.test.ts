import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataLength, suspicions } from '../../../collectors/modbus/suspicions.ts';
import type { Reading } from '../../../collectors/modbus/suspicions.ts';

const aRead = fc.record({
  do: fc.constant('read' as const),
  unit: fc.constantFrom(1, 2),
  table: fc.constantFrom('holding' as const, 'coil' as const),
  start: fc.nat(65_500),
  count: fc.integer({ min: 1, max: 35 }),
});

test('what is asked instead covers the same, in a length that no late reply of its unit and table has', () => {
  fc.assert(
    fc.property(fc.array(aRead, { maxLength: 30 }), aRead, (silent, next) => {
      const suspect = suspicions(() => 0);
      for (const one of silent) suspect.add(one);
      const same = (one: Reading) => one.unit === next.unit && one.table === next.table;
      const lengths = silent.filter(same).map(dataLength);
      expect(suspect.isLate(next)).toBe(lengths.includes(dataLength(next)));
      const longer = suspect.longer(next);
      if (longer === undefined) return;
      expect(lengths).not.toContain(dataLength(longer));
      expect(longer).toMatchObject({ unit: next.unit, table: next.table, start: next.start });
      expect(longer.count).toBeGreaterThan(next.count);
      expect(longer.start + longer.count).toBeLessThanOrEqual(65_536);
    }),
  );
});

test('a reply that has not come after 15 s comes no more', () => {
  let now = 0;
  const suspect = suspicions(() => now);
  const asking: Reading = { do: 'read', unit: 1, table: 'holding', start: 0, count: 1 };
  suspect.add(asking);
  now = 14_999;
  expect(suspect.isLate(asking)).toBe(true);
  now = 15_000;
  expect(suspect.isLate(asking)).toBe(false);
});

test('where there is no room for more, something shorter is asked before', () => {
  const suspect = suspicions(() => 0);
  const asking: Reading = { do: 'read', unit: 1, table: 'holding', start: 65_411, count: 125 };
  suspect.add(asking);
  expect(suspect.longer(asking)).toBeUndefined();
  expect(suspect.before(asking)).toMatchObject({ start: 65_411, count: 124 });
});
