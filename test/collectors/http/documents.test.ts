import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documents } from '../../../collectors/http/documents.ts';
import type { RawDocument } from '../../../collectors/http/documents.ts';
import { aFolder } from '../../support/folder.ts';

const NOW = Date.parse('2026-07-01T12:00:00Z');
const aDocument = (more: Partial<RawDocument> = {}): RawDocument => ({
  ...{ request: 'all', at: NOW, page: 0, ending: 'json', body: randomBytes(100) },
  ...more,
});

async function keptBelow(folder: string): Promise<{ files: number; bytes: number }> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.gz'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return { files: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

test('documents that are kept at the same time stay within their bounds together', async () => {
  await using folder = await aFolder();
  const kept = await documents(folder.path, { megabytes: 0.001, days: 1 });
  for (let round = 0; round < 10; round++)
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => kept.keep(aDocument({ request: `request-${i}`, at: NOW + round }))),
    );
  const { files, bytes } = await keptBelow(folder.path);
  expect(files).toBeGreaterThan(4);
  expect(bytes).toBeLessThanOrEqual(1000);
});

test('a document that could not be written is kept the next time', async () => {
  await using folder = await aFolder();
  const kept = await documents(folder.path, { megabytes: 1, days: 1 });
  const inTheWay = join(folder.path, 'documents', 'all');
  await mkdir(join(folder.path, 'documents'));
  await writeFile(inTheWay, '');
  const document = aDocument();
  await expect(kept.keep(document)).rejects.toThrow('EEXIST');
  await rm(inTheWay);
  await kept.keep(document);
  expect((await keptBelow(folder.path)).files).toBe(1);
});
