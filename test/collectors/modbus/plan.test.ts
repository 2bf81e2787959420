import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBitTable, ModbusAddress } from '../../../collectors/modbus/address.ts';
import { planRequests, split } from '../../../collectors/modbus/plan.ts';
import { aPoint } from '../../support/collecting.ts';

const type = fc.constantFrom('int16' as const, 'uint32' as const, 'float64' as const);
const inRegisters = fc.record({
  unit: fc.constantFrom(1, 2),
  table: fc.constantFrom('holding' as const, 'input' as const),
  register: fc.nat(600),
  type,
});
const inBits = fc.record({
  unit: fc.constant(1),
  table: fc.constantFrom('coil' as const, 'discrete' as const),
  register: fc.nat(5000),
  type: fc.constant('bool' as const),
});
const points = fc
  .array(fc.oneof(inRegisters, inBits), { maxLength: 60 })
  .map((addresses) => addresses.map((address, i) => aPoint(i, ModbusAddress.parse(address))));
const limits = fc.record({ maxRegisters: fc.integer({ min: 4, max: 125 }), hole: fc.nat(40) });

test('each point is read exactly once, whole, within the limits, from its own unit and table', () => {
  fc.assert(
    fc.property(points, limits, (all, { maxRegisters, hole }) => {
      const requests = planRequests(all, { maxRegisters, hole });
      expect(
        requests.flatMap((request) => request.spots.map(({ point }) => point)).sort((a, b) => a.tag - b.tag),
      ).toEqual(all);
      for (const { unit, table, start, count, spots } of requests) {
        expect(count).toBeLessThanOrEqual(maxRegisters * (isBitTable(table) ? 16 : 1));
        let end = start;
        for (const spot of spots) {
          expect([spot.unit, spot.table]).toEqual([unit, table]);
          expect(spot.register - end).toBeLessThanOrEqual(hole * (isBitTable(table) ? 16 : 1));
          end = Math.max(end, spot.register + spot.count);
        }
        expect(end).toBe(start + count);
      }
    }),
  );
});

test('splitting again and again ends with single points and loses none', () => {
  fc.assert(
    fc.property(points, (all) => {
      const singles = [];
      const open = planRequests(all, { maxRegisters: 125, hole: 8 });
      for (let request = open.pop(); request !== undefined; request = open.pop()) {
        const halves = split(request);
        if (halves.length === 0) singles.push(request);
        open.push(...halves);
      }
      expect(singles.map((request) => request.spots.length)).toEqual(singles.map(() => 1));
      expect(singles).toHaveLength(all.length);
    }),
  );
});

test('a hole that is cheaper to read than to ask twice is read along', () => {
  const far = [
    aPoint(1, ModbusAddress.parse({ register: 0, type: 'uint16' })),
    aPoint(2, ModbusAddress.parse({ register: 9, type: 'uint16' })),
  ];
  expect(planRequests(far, { maxRegisters: 125, hole: 8 })).toHaveLength(1);
  expect(planRequests(far, { maxRegisters: 125, hole: 7 })).toHaveLength(2);
});
