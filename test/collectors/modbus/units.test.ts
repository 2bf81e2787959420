import { expect, test, vi } from 'vitest';
import { tcpPlc } from '../../support/modbus-plc.ts';
import type { Plc } from '../../support/modbus-plc.ts';
import { aRegister, runModbus, untilFinished } from '../../support/modbus-run.ts';

const TEN = Array.from({ length: 10 }, (_, i) => i + 1);
const holding = () => new Map(Array.from({ length: 50 }, (_, i) => [i, i] as const));
const tenUnits = TEN.map((unit) => aRegister(unit, { register: unit, unit }));

/** Ten units on one line; those in `dead` say nothing. */
async function tenUnitLine(dead: ReadonlySet<number>, more: Partial<Plc> = {}) {
  const asked: number[] = [];
  const device = await untilFinished(
    tcpPlc({
      holding: holding(),
      on(unit) {
        asked.push(unit);
        return dead.has(unit) ? 'nothing' : undefined;
      },
      ...more,
    }),
  );
  return { ...device, asked };
}

test('one dead unit of ten: the other nine keep their period, its tag is not connected, and it comes back by itself', async () => {
  const dead = new Set<number>();
  const { port, asked } = await tenUnitLine(dead);
  const running = runModbus(port, [...tenUnits, aRegister(44, { health: 'unit', unit: 4 })], {
    pollMs: 100,
    timeoutMs: 150,
  });
  await vi.waitFor(() => expect(running.of(10).length).toBeGreaterThan(1), 10_000);
  dead.add(4);
  await vi.waitFor(
    () => expect(running.of(4).at(-1)).toMatchObject({ status: 'bad', reason: 'not connected' }),
    10_000,
  );
  await vi.waitFor(() => expect(running.of(44).at(-1)?.value).toBe(0), 10_000);

  const from = running.batches.length;
  const askedFrom = asked.length;
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(from + 25), 10_000);
  for (const batch of running.batches.slice(from, from + 25)) {
    expect(batch.filter(({ status }) => status === 'good').map(({ tag }) => Number(tag))).toEqual([
      ...TEN.filter((unit) => unit !== 4),
      44,
    ]);
  }
  // 25 rounds at 100 ms are 2.5 s: probed at 1 s and 2 s more, each in the time that is left of a period.
  expect(asked.slice(askedFrom).filter((unit) => unit === 4).length).toBeLessThanOrEqual(3);
  dead.delete(4);
  await vi.waitFor(() => expect(running.of(4).at(-1)).toMatchObject({ value: 4, status: 'good' }), 15_000);
  await vi.waitFor(() => expect(running.of(44).at(-1)?.value).toBe(1), 10_000);
});

test('two units that die together cost the line one new connection, and the other eight live on', async () => {
  const dead = new Set<number>();
  const { port } = await tenUnitLine(dead);
  const options = { pollMs: 60, timeoutMs: 200 };
  const first = runModbus(port, tenUnits, options);
  await vi.waitFor(() => expect(first.of(10).length).toBeGreaterThan(1), 10_000);
  dead.add(4).add(5);
  expect(await first.ended).toMatchObject({ name: 'Silence' });
  const again = first.again();
  await vi.waitFor(() => expect(again.of(10).length).toBeGreaterThan(5), 10_000);
  expect(again.of(4).every(({ status }) => status === 'bad')).toBe(true);
  expect(again.of(6).at(-1)).toMatchObject({ value: 6 });
});

test('a line where nobody answers any more is given up, and all its tags are not connected', async () => {
  const dead = new Set<number>();
  const { port } = await tenUnitLine(dead);
  const running = runModbus(port, [...tenUnits, aRegister(99, { health: 'link' })], {
    pollMs: 60,
    timeoutMs: 200,
  });
  await vi.waitFor(() => expect(running.of(99).at(-1)?.value).toBe(1), 10_000);
  for (const unit of TEN) dead.add(unit);
  expect(await running.ended).toMatchObject({ name: 'Silence' });
  expect(TEN.map((unit) => running.of(unit).at(-1)?.reason)).toEqual(TEN.map(() => 'not connected'));
  expect(running.of(99).at(-1)?.value).toBe(0);
});

test('a unit that a gateway calls away costs no time-out, no connection and no other unit', async () => {
  const { port, asked } = await tenUnitLine(new Set(), {
    on(unit, pdu) {
      asked.push(unit);
      return unit === 3 || unit === 4 ? Buffer.of(pdu[0]! | 0x80, 11) : undefined;
    },
  });
  const running = runModbus(port, tenUnits, { pollMs: 50, timeoutMs: 5000 });
  await vi.waitFor(() => expect(running.of(10).length).toBeGreaterThan(5), 10_000);
  expect(running.of(3).at(-1)).toMatchObject({ reason: 'not connected' });
  expect(running.of(5).at(-1)).toMatchObject({ value: 5 });
  expect(asked.filter((unit) => unit === 3).length).toBeLessThan(3);
});

test('registers to which a unit says nothing are told from a unit that is dead', async () => {
  const { port } = await untilFinished(
    tcpPlc({ holding: holding(), on: (_, pdu) => (pdu.readUInt16BE(1) === 40 ? 'nothing' : undefined) }),
  );
  const running = runModbus(port, [aRegister(1, { register: 1 }), aRegister(2, { register: 40 })], {
    timeoutMs: 200,
  });
  await vi.waitFor(() => expect(running.of(1).length).toBeGreaterThan(5), 10_000);
  expect(running.of(2).at(-1)).toMatchObject({ status: 'bad', reason: 'refused by the device' });
  expect(running.faults.filter(({ what }) => what.includes('says nothing to'))).toHaveLength(1);
  expect(new Set(running.of(1).map(({ value }) => value))).toEqual(new Set([1]));
});

test('the round trip of a unit is a tag in milliseconds', async () => {
  const { port } = await untilFinished(tcpPlc({ holding: holding() }));
  const running = runModbus(port, [
    aRegister(1, { register: 1 }),
    aRegister(2, { health: 'roundTripMs', unit: 1 }),
  ]);
  await vi.waitFor(() => expect(running.of(2).at(-1)?.value).toBeGreaterThan(0), 10_000);
  expect(running.of(2).at(-1)?.value).toBeLessThan(200);
});
