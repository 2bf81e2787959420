import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GatewayConfig } from '../../gateway/config.ts';
import { openHeld } from '../../gateway/store/held.ts';
import { openQuarantine } from '../../gateway/store/quarantine.ts';
import { openSpool } from '../../gateway/store/spool.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import { EXIT_CONFIG, Refusal } from '../../platform/cli.ts';
import { loadConfig } from '../../platform/config.ts';
import { createLog } from '../../platform/log.ts';
import { aFolder } from '../support/folder.ts';
import { aReading } from '../support/readings.ts';
import { long, seed } from '../support/seeded.ts';

const RUNS = { numRuns: long ? 5_000 : 150, seed };
const BATCHES = 12;
const SEGMENT_HEADER = 24;
const log = createLog('test', 'silent');

/** What a failing disk does to a file: cut off, overwritten with anything, or longer than it was. */
const aDamage = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({
    kind: fc.constant('overwritten' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  fc.record({ kind: fc.constant('zeroed' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constant('longer' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }) }),
);
type Damage = typeof aDamage extends fc.Arbitrary<infer T> ? T : never;

interface Damaged {
  readonly bytes: Buffer;
  /** What was before the first byte that changed, and behind the last one, is as it was. */
  readonly from: number;
  readonly to: number;
}

function damage(whole: Buffer, how: Damage): Damaged {
  if (how.kind === 'longer')
    return { bytes: Buffer.concat([whole, how.bytes]), from: whole.length, to: Infinity };
  const from = Math.floor(how.at * whole.length);
  if (how.kind === 'cut') return { bytes: whole.subarray(0, from), from, to: Infinity };
  const bytes = Buffer.from(whole);
  if (how.kind === 'zeroed') return { bytes: bytes.fill(0, from), from, to: Infinity };
  bytes.set(how.bytes.subarray(0, whole.length - from), from);
  return { bytes, from, to: from + how.bytes.length };
}

/** The numbers, from 1 on, of the records that the damage did not touch, by where each one ends. */
const untouched = (ends: readonly number[], start: number, { from, to }: Pick<Damaged, 'from' | 'to'>) =>
  ends.flatMap((end, i) => (end <= from || (ends[i - 1] ?? start) >= to ? [i + 1] : []));

test('whatever happens to a file of the spool, it opens, and all batches that are whole come back', async () => {
  await fc.assert(
    fc.asyncProperty(aDamage, async (how) => {
      await using folder = await aFolder();
      const quarantine = openQuarantine(join(folder.path, 'aside'), log);
      const place = join(folder.path, 'spool');
      const open = () => openSpool({ folder: place, maxBytes: 2 ** 30, quarantine, log });
      const ends: number[] = [];
      {
        await using spool = await open();
        for (let seq = 1; seq <= BATCHES; seq++) {
          await spool.append({ readings: [aReading({ value: seq })], changes: [] }, seq);
          ends.push(spool.bytes);
        }
      }
      const [name = ''] = await readdir(place);
      const file = join(place, name);
      const { bytes, from, to } = damage(await readFile(file), how);
      await writeFile(file, bytes);

      const found: number[] = [];
      await using spool = await open();
      for (;;) {
        const batches = await spool.oldest(1);
        if (batches.length === 0) break;
        found.push(...batches.flatMap(({ readings }) => readings.map(({ value }) => Number(value))));
        await spool.drop(batches.length);
      }
      const whole = untouched(ends, SEGMENT_HEADER, { from, to });
      expect(found.filter((value) => whole.includes(value))).toEqual(whole);
      expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
      expect(spool.batches).toBe(0);
    }),
    RUNS,
  );
});

test('whatever happens to the journal of held readings, it opens, and those that are whole come back', async () => {
  await fc.assert(
    fc.asyncProperty(aDamage, async (how) => {
      await using folder = await aFolder();
      const saved: Reading[] = [];
      const save = (readings: readonly Reading[]) => Promise.resolve(void saved.push(...readings));
      const file = join(folder.path, 'held.log');
      const ends: number[] = [];
      {
        await using held = await openHeld({ folder: folder.path, save, log });
        for (let tag = 1; tag <= BATCHES; tag++) {
          await held.keep([aReading({ tag: tag as TagId, value: tag })]);
          ends.push((await stat(file)).size);
        }
      }
      const { bytes, from, to } = damage(await readFile(file), how);
      await writeFile(file, bytes);
      await using _ = await openHeld({ folder: folder.path, save, log });

      expect(saved.map(({ tag }) => tag as number)).toEqual(
        expect.arrayContaining(untouched(ends, 0, { from, to })),
      );
      expect(saved.every(({ tag, value }) => value === tag)).toBe(true);
    }),
    RUNS,
  );
});

test('whatever happens to gateway.yaml, it is read, or refused with its name and exit code 78', async () => {
  await using folder = await aFolder();
  const file = join(folder.path, 'gateway.yaml');
  const text = Buffer.from(
    'mode: evaluation\ndata: ./data\nweb:\n  port: 8080\n  transport: node\ndatabase: { url: embedded }\nretention: { readingsDays: 30 }\n',
  );
  await fc.assert(
    fc.asyncProperty(aDamage, async (how) => {
      await writeFile(file, damage(text, how).bytes);
      try {
        loadConfig(GatewayConfig, file, {});
      } catch (err) {
        if (!(err instanceof Refusal)) throw err;
        expect(err.exitCode).toBe(EXIT_CONFIG);
        expect(err.message).toContain(file);
      }
    }),
    RUNS,
  );
});
