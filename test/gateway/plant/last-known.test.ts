import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readLastKnown, writeLastKnown } from '../../../gateway/plant/last-known.ts';
import type { AlarmRule } from '../../../gateway/alarms/rule.ts';
import type { Plant } from '../../../gateway/store/plant.ts';
import { aFolder } from '../../support/folder.ts';
import { aTag } from '../../support/readings.ts';

const tag = aTag();
const rule: AlarmRule = {
  ...{ id: 3, tag: tag.id, kind: 'high', limit: 80, deadband: 0, holdMs: 0, priority: 1 },
  ...{ consequence: '', action: '' },
};
const plant: Plant = {
  ...{ site: { name: 'Works', timeZone: 'UTC' }, areas: [], sources: [] },
  ...{ tags: [tag], rules: [rule] },
};
const raised = { id: 'a', rule: 3, state: 'active' } as const;

async function aDataFolder(): Promise<string> {
  const folder = await aFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return folder.path;
}

test('what was kept is known again, and nothing where nothing was kept', async () => {
  const folder = await aDataFolder();
  expect(await readLastKnown(folder)).toBeUndefined();
  await writeLastKnown(folder, { plant, openAlarms: [raised] });
  expect(await readLastKnown(folder)).toEqual({ plant, openAlarms: [raised] });
  await writeLastKnown(folder, { plant, openAlarms: [] }, plant);
  expect(await readLastKnown(folder)).toEqual({ plant, openAlarms: [] });
  expect((await readdir(folder)).sort()).toEqual(['last-known.json', 'open-alarms.json']);
});

test('a change of an alarm writes the alarms alone, however large the plant is', async () => {
  const folder = await aDataFolder();
  await writeLastKnown(folder, { plant, openAlarms: [] });
  const before = await stat(join(folder, 'last-known.json'));
  await writeLastKnown(folder, { plant, openAlarms: [raised] }, plant);
  // Each write makes a new file.
  expect((await stat(join(folder, 'last-known.json'))).ino).toBe(before.ino);
  await writeLastKnown(folder, { plant: { ...plant }, openAlarms: [raised] }, plant);
  expect((await stat(join(folder, 'last-known.json'))).ino).not.toBe(before.ino);
});

test('one file of an earlier version is understood', async () => {
  const folder = await aDataFolder();
  await writeFile(join(folder, 'last-known.json'), JSON.stringify({ plant, openAlarms: [raised] }));
  expect((await readLastKnown(folder))?.openAlarms).toEqual([raised]);
});

test('a crash between the two files leaves no alarm of a rule that is gone', async () => {
  const folder = await aDataFolder();
  await writeLastKnown(folder, { plant, openAlarms: [raised] });
  await writeFile(join(folder, 'last-known.json'), JSON.stringify({ plant: { ...plant, rules: [] } }));
  expect((await readLastKnown(folder))?.openAlarms).toEqual([]);
});

test('a file that cannot be read is named, with what to do', async () => {
  const folder = await aDataFolder();
  await writeFile(join(folder, 'last-known.json'), '{"plant":');
  await expect(readLastKnown(folder)).rejects.toThrow('last-known.json cannot be read. Delete it');
});
