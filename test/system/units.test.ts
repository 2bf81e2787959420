import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const UNITS = fileURLToPath(new URL('../../systemd/', import.meta.url));
const installed = spawnSync('systemd-analyze', ['--version']).status === 0;
const daemons = ['gateway', 'central'] as const;

/** A root with systemd's own units, ours and a program to start, so that nothing of this machine is looked at. */
function root(withDropIns: boolean): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'penstock-units-'));
  const ours = join(path, 'etc/systemd/system');
  mkdirSync(join(path, 'usr/bin'), { recursive: true });
  cpSync('/bin/true', join(path, 'usr/bin/penstock'));
  const theirs = ['/usr/lib/systemd/system', '/lib/systemd/system'].find((folder) => existsSync(folder));
  if (theirs !== undefined) cpSync(theirs, join(path, 'usr/lib/systemd/system'), { recursive: true });
  cpSync(UNITS, ours, {
    recursive: true,
    filter: (source) => withDropIns || !source.includes('.service.d'),
  });
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test.skipIf(!installed).each(daemons)('systemd understands every line of the %s unit', (daemon) => {
  using files = root(true);
  const unit = join(files.path, `etc/systemd/system/penstock-${daemon}.service`);
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', `--root=${files.path}`, unit], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test.skipIf(!installed).each(daemons)("the %s unit's exposure is at most 1.5 of 10", (daemon) => {
  using files = root(false);
  expect(exposure(files.path, daemon)).toBeLessThanOrEqual(1.5);
});

test.skipIf(!installed)('serial lines raise the exposure of the gateway to at most 1.8', () => {
  using files = root(true);
  expect(exposure(files.path, 'gateway')).toBeLessThanOrEqual(1.8);
});

function exposure(path: string, daemon: string): number {
  const report = execFileSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', `--root=${path}`, `penstock-${daemon}.service`],
    { encoding: 'utf8' },
  );
  return Number(/exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
}
