import { cp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { openQuarantine } from '../../../gateway/store/quarantine.ts';
import type { Batch, Numbered } from '../../../gateway/store/record.ts';
import { openSpool, SpoolFull } from '../../../gateway/store/spool.ts';
import type { Spool } from '../../../gateway/store/spool.ts';
import { createLog } from '../../../platform/log.ts';
import { anyReading } from '../../support/history.ts';
import { aReading } from '../../support/readings.ts';
import { aChange, aFolderFor, removeFolder } from '../../support/writer.ts';

const log = createLog('test', 'silent');

async function aFolder(): Promise<string> {
  const folder = await aFolderFor();
  onTestFinished(() => removeFolder(folder));
  return folder;
}
async function open(folder: string, over: { maxBytes?: number; segmentBytes?: number } = {}) {
  const quarantine = openQuarantine(join(folder, 'aside'), log);
  return openSpool({ folder, maxBytes: 2 ** 30, quarantine, log, ...over });
}

const aBatch = (n: number): Batch => ({ readings: [aReading({ value: n })], changes: [aChange()] });
const contents = (batches: readonly Numbered[]) => batches.map(({ seq }) => seq);

async function takeAll(folder: string): Promise<readonly Numbered[]> {
  await using spool = await open(folder);
  const all: Numbered[] = [];
  for (;;) {
    const some = await spool.oldest(1);
    if (some.length === 0) return all;
    all.push(...some);
    await spool.drop(some.length);
  }
}

/** What was dropped of a segment only in part comes back: the cursor in the database knows what is done. */
async function dropDone(spool: Spool, next: Numbered | undefined): Promise<void> {
  const isNext = ({ epoch, seq }: Numbered) => epoch === next?.epoch && seq === next.seq;
  for (;;) {
    const [first] = await spool.oldest(1);
    if (first === undefined || isNext(first)) return;
    await spool.drop(1);
  }
}

test('what was appended comes back in its order, also after a restart, until it is dropped', async () => {
  const batch = fc.record({ readings: fc.array(anyReading(), { maxLength: 5 }) }, { noNullPrototype: true });
  const step = fc.oneof(
    { weight: 4, arbitrary: batch.map(({ readings }) => ({ do: 'append', readings }) as const) },
    { weight: 2, arbitrary: fc.nat({ max: 4 }).map((count) => ({ do: 'drop', count }) as const) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' } as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const folder = await aFolderFor();
      let spool = await open(folder, { segmentBytes: 300 });
      let seq = 0;
      const expected: Numbered[] = [];
      for (const each of steps) {
        if (each.do === 'append') {
          const change = aChange();
          await spool.append({ readings: each.readings, changes: [change] }, ++seq);
          expected.push({ epoch: spool.epoch, seq, readings: each.readings, changes: [change] });
        } else if (each.do === 'drop') {
          const some = await spool.oldest(each.count);
          expect(some).toStrictEqual(expected.slice(0, some.length));
          await spool.drop(Math.min(each.count, some.length));
          expected.splice(0, Math.min(each.count, some.length));
        } else {
          await spool[Symbol.asyncDispose]();
          spool = await open(folder, { segmentBytes: 300 });
          await dropDone(spool, expected[0]);
        }
        expect(spool.batches).toBe(expected.length);
      }
      await spool[Symbol.asyncDispose]();
      await removeFolder(folder);
    }),
    { numRuns: 40 },
  );
});

test('a power cut in the middle of a write costs nothing that was acknowledged, wherever it hits', async () => {
  const folder = await aFolder();
  const ends: number[] = [];
  {
    await using spool = await open(folder);
    for (let seq = 1; seq <= 3; seq++) {
      await spool.append({ ...aBatch(seq), changes: [] }, seq);
      ends.push(spool.bytes);
    }
  }
  const [name] = (await readdir(folder)).filter((each) => each.endsWith('.spool'));
  const torn = await aFolder();
  for (let size = ends[0]!; size <= ends[2]!; size++) {
    await cp(join(folder, name!), join(torn, name!));
    await truncate(join(torn, name!), size);
    const whole = ends.filter((end) => end <= size).length;
    {
      await using spool = await open(torn);
      expect(spool.batches, `${size} bytes`).toBe(whole);
      // What follows the cut is readable too.
      await spool.append(aBatch(9), 9);
    }
    expect(contents(await takeAll(torn))).toStrictEqual([
      ...Array.from({ length: whole }, (_, i) => i + 1),
      9,
    ]);
  }
}, 60_000);

test('a cut before the first batch was whole leaves an empty spool', async () => {
  const folder = await aFolder();
  for (let size = 0; size < 30; size++) {
    await writeFile(join(folder, '0000000001.spool'), Buffer.alloc(size, 7));
    await using spool = await open(folder);
    expect([spool.batches, spool.bytes]).toStrictEqual([0, 0]);
  }
});

test('a damaged batch in the middle is put aside, and those around it go on', async () => {
  const folder = await aFolder();
  const ends: number[] = [];
  {
    await using spool = await open(folder);
    for (let seq = 1; seq <= 3; seq++) {
      await spool.append(aBatch(seq), seq);
      ends.push(spool.bytes);
    }
  }
  const path = join(folder, '0000000001.spool');
  const whole = await readFile(path);
  for (let at = ends[0]!; at < ends[1]!; at += 7) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    await writeFile(path, damaged);
    expect(contents(await takeAll(folder)), `byte ${at}`).toStrictEqual([1, 3]);
  }
  const aside = (await readFile(join(folder, 'aside', 'quarantine.jsonl'), 'utf8')).trim().split('\n');
  expect(JSON.parse(aside[0]!)).toMatchObject({ what: 'damaged bytes' });
});

test('beyond its budget it takes nothing more, until something was dropped', async () => {
  const folder = await aFolder();
  await using spool = await open(folder, { maxBytes: 2000, segmentBytes: 100 });
  let seq = 0;
  await expect(async () => {
    for (;;) await spool.append(aBatch(seq + 1), ++seq);
  }).rejects.toThrow(SpoolFull);
  expect(spool.bytes).toBeLessThanOrEqual(2000);
  expect(spool.batches).toBe(seq - 1);
  await spool.oldest(1);
  await spool.drop(1);
  await spool.append(aBatch(seq), seq);
  expect(spool.batches).toBe(seq - 1);
});

test('an empty spool leaves no file behind', async () => {
  const folder = await aFolder();
  {
    await using spool = await open(folder);
    await spool.append(aBatch(1), 1);
  }
  await takeAll(folder);
  expect(await readdir(folder)).toStrictEqual([]);
});

test('what an earlier process left of each alarm is told: its newest change, as it was when the spool was opened', async () => {
  const folder = await aFolder();
  const [one, other] = [aChange({ comment: 'one' }), aChange({ comment: 'other' })];
  {
    await using spool = await open(folder, { segmentBytes: 300 });
    expect(spool.left).toEqual([]);
    await spool.append({ readings: [aReading()], changes: [one, other] }, 1);
    await spool.append({ readings: [aReading()], changes: [{ ...one, state: 'returned' }] }, 2);
    await spool.append({ readings: [], changes: [{ ...other, state: 'normal' }], losses: [] }, 3);
    expect(spool.left).toEqual([]);
  }
  await using spool = await open(folder);
  expect(spool.left.map(({ comment, state }) => [comment, state])).toEqual([
    ['one', 'returned'],
    ['other', 'normal'],
  ]);
});
