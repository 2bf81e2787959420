import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const PENSTOCK = fileURLToPath(new URL('../../deploy/penstock.mjs', import.meta.url));

const penstock = async (...words: string[]) => {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [PENSTOCK, ...words])) };
  } catch (err) {
    return err as { code: number; stdout: string; stderr: string };
  }
};

test('without a command it lists the commands', async () => {
  const { code, stdout } = await penstock();
  expect(code).toBe(0);
  for (const command of [
    'gateway',
    'central',
    'demo',
    'simulate',
    'train',
    'migrate',
    'user',
    'enrol',
    'import',
    'export',
    'backup',
    'restore',
    'doctor',
  ]) {
    expect(stdout).toContain(`\n  ${command}`);
  }
});

test('an unknown command is named, and the way out with it', async () => {
  const { code, stderr } = await penstock('gatway');
  expect(code).toBe(64);
  expect(stderr).toContain("no command 'gatway'");
});

test('a command explains itself', async () => {
  const { code, stdout } = await penstock('demo', '--help');
  expect(code).toBe(0);
  expect(stdout).toMatch(/penstock demo[\s\S]*--data VALUE/);
});

test('an unknown flag is refused with the usage', async () => {
  const { code, stderr } = await penstock('demo', '--dta', 'x');
  expect(code).toBe(64);
  expect(stderr).toMatch(/--dta[\s\S]*penstock demo \[options\]/);
});
