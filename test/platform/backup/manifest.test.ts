import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DamagedBackup, decodeManifest, encodeManifest } from '../../../platform/backup/manifest.ts';
import type { Manifest } from '../../../platform/backup/manifest.ts';

const sha256 = 'ab'.repeat(32);
const aManifest = (over: Partial<Manifest> = {}): Manifest => ({
  ...{ format: 1, daemon: 'gateway', version: '1.2.3', madeAt: '2026-11-21T02:30:00.000Z' },
  ...{ engine: 'native', server: 'PostgreSQL 17', oneInstant: true },
  migrations: [{ module: 'history', name: '0001-readings.sql', checksum: 'x' }],
  tables: [{ table: 'users', columns: ['id'], file: 'tables/users.gz', bytes: 1, sha256, rows: 2, sum: 3 }],
  sequences: [{ table: 'tags', column: 'id', last: '7', called: true }],
  files: [{ path: 'secrets/plc', bytes: 4, sha256 }],
  ...over,
});

test('a manifest is read as it was written', () => {
  expect(decodeManifest(encodeManifest(aManifest()), 'x')).toEqual(aManifest());
});

test('a manifest in which anything was changed is never taken', () => {
  const text = encodeManifest(aManifest());
  fc.assert(
    fc.property(fc.nat({ max: text.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }), (at, letter) => {
      const changed = text.slice(0, at) + letter + text.slice(at + 1);
      try {
        // White space between values says nothing.
        expect(decodeManifest(changed, 'x')).toEqual(aManifest());
      } catch (err) {
        expect(err).toBeInstanceOf(DamagedBackup);
      }
    }),
  );
});

test('a text of any kind is refused, and told apart from a manifest', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(() => decodeManifest(text, 'x')).toThrow(DamagedBackup);
    }),
  );
});

test('a format of the future names the way out', () => {
  const future = { ...aManifest(), format: 2 } as unknown as Manifest;
  expect(() => decodeManifest(encodeManifest(future), 'x')).toThrow('Install a newer Penstock');
});

test('a path that leads out of the folder is refused', () => {
  for (const path of ['../x', '/etc/passwd', 'a//b', 'a/../../b']) {
    const text = encodeManifest(aManifest({ files: [{ path, bytes: 1, sha256 }] }));
    expect(() => decodeManifest(text, 'x')).toThrow(DamagedBackup);
  }
});
