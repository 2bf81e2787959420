import { mkdir, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { openControl, order } from '../../../platform/backup/control.ts';
import type { BackupOrder } from '../../../platform/backup/control.ts';
import { quiet } from '../../support/backup.ts';
import { aFolder } from '../../support/folder.ts';

const anOrder: BackupOrder = { into: '/mnt/backup', testRestore: true };

test('a daemon does what a command on its machine asks for, and says what became of it', async () => {
  await using place = await aFolder();
  const asked: BackupOrder[] = [];
  const obey = (wanted: BackupOrder) => Promise.resolve(`made ${asked.push(wanted)}`);
  await using _ = await openControl(place.path, obey, quiet);
  expect(await order(place.path, anOrder)).toBe('made 1');
  expect(asked).toEqual([anOrder]);
  expect((await stat(join(place.path, 'control'))).mode & 0o777).toBe(0o600);
});

test('what the daemon cannot do is told with its reason', async () => {
  await using place = await aFolder();
  await using _ = await openControl(place.path, () => Promise.reject(new Error('The disk is full.')), quiet);
  await expect(order(place.path, anOrder)).rejects.toThrow('The disk is full.');
});

test('who asks and goes away stops what he asked for', async () => {
  await using place = await aFolder();
  let working: AbortSignal | undefined;
  const obey = (_: BackupOrder, signal: AbortSignal) => {
    working = signal;
    return new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('stopped')));
  };
  await using _ = await openControl(place.path, obey, quiet);
  const socket = connect(join(place.path, 'control'));
  socket.write(`${JSON.stringify({ backup: anOrder })}\n`);
  await vi.waitFor(() => expect(working).toBeDefined(), 10_000);
  socket.destroy();
  await vi.waitFor(() => expect(working?.aborted).toBe(true), 10_000);
});

test('what is no order is refused, and the next one is heard', async () => {
  await using place = await aFolder();
  await using _ = await openControl(place.path, () => Promise.resolve('done'), quiet);
  const socket = connect(join(place.path, 'control'));
  socket.write('{"shutdown":true}\n');
  expect(JSON.parse(await text(socket))).toHaveProperty('refused');
  expect(await order(place.path, anOrder)).toBe('done');
});

test('a socket that a dead process left is taken over, and a folder without a daemon is told', async () => {
  await using place = await aFolder();
  await mkdir(join(place.path, 'empty'));
  await expect(order(join(place.path, 'empty'), anOrder)).rejects.toThrow('by no daemon that takes orders');
  {
    await using _ = await openControl(place.path, () => Promise.resolve('one'), quiet);
  }
  await using _ = await openControl(place.path, () => Promise.resolve('two'), quiet);
  expect(await order(place.path, anOrder)).toBe('two');
});
