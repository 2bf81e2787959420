import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { trainingProgram } from '../../../sync/central/program.ts';

const BUNDLER = fileURLToPath(new URL('../../../deploy/program.mjs', import.meta.url));

test("the training program is known by its content's digest, and the same sources make the same content anywhere", async ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-bundle-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { hash, bytes } = await trainingProgram();
  expect(hash).toBe(createHash('sha256').update(bytes).digest('hex'));
  const { status, stderr } = spawnSync(process.execPath, [BUNDLER, join(folder, 'again.mjs')], {
    cwd: folder,
    env: { NODE_ENV: 'development' },
  });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  expect(readFileSync(join(folder, 'again.mjs')).equals(bytes)).toBe(true);
});

test('it names no place of the machine that made it', async () => {
  const { bytes } = await trainingProgram();
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  expect(Buffer.from(bytes).includes(root)).toBe(false);
});
