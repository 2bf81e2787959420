import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hold } from '../support/hold.ts';
import { aLoopDisk } from '../support/loop-disk.ts';

/** Writes two files, syncs one of them, says so, and goes on until it is killed. */
const PROGRAM = `
  const fs = require('node:fs');
  for (const name of ['synced', 'unsynced']) {
    const fd = fs.openSync(name, 'w');
    fs.writeSync(fd, 'content');
    if (name === 'synced') { fs.fsyncSync(fd); fs.fsyncSync(fs.openSync('.', 'r')); }
  }
  console.log('done');
  setInterval(() => undefined, 1000);`;

test('the emulated power cut keeps what was synced, and nothing else', async () => {
  const disk = hold(await aLoopDisk({ megabytes: 32 }));
  const child = spawn(process.execPath, ['--eval', PROGRAM], {
    cwd: disk.folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await disk.cutPower([child.pid!]);

  const contentOf = (name: string) => readFile(join(disk.folder, name), 'utf8').catch(() => '');
  expect(await contentOf('synced')).toBe('content');
  expect(await contentOf('unsynced')).toBe('');
  expect(child.signalCode).toBe('SIGKILL');
});
