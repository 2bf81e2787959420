import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { setUpCode } from '../../../platform/access/set-up-code.ts';
import { aFolder } from '../../support/folder.ts';

test('a code that a power cut left without its content is made anew, and nothing is no right code', async () => {
  await using folder = await aFolder();
  const code = setUpCode(folder.path);
  await writeFile(code.file, '');
  expect(await code.isRight('-')).toBe(false);

  const made = await code.make();
  expect(made).toMatch(/^(\w{5}-){3}\w{5}$/);
  expect(await readFile(code.file, 'utf8')).toBe(`${made ?? ''}\n`);
  expect(await code.isRight('-')).toBe(false);
  expect(await code.isRight(made?.toLowerCase().replaceAll('-', ' ') ?? '')).toBe(true);
});

test('a code that is there stays', async () => {
  await using folder = await aFolder();
  const made = await setUpCode(folder.path).make();
  expect(await setUpCode(folder.path).make()).toBeUndefined();
  expect(await setUpCode(folder.path).isRight(made ?? '')).toBe(true);
});
