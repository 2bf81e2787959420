import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createNotifier } from '../../platform/notify.ts';
import { aFolder } from '../support/folder.ts';
import { silent } from '../support/web.ts';

/** Puts a `systemd-notify` in front of the real one that writes down what it is asked to say. */
async function aSystemd() {
  const folder = await aFolder();
  const said = path.join(folder.path, 'said');
  const program = path.join(folder.path, 'systemd-notify');
  await writeFile(program, `#!/bin/sh\necho "$@" >> '${said}'\n`);
  await chmod(program, 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${folder.path}:${before ?? ''}`;
  onTestFinished(async () => {
    process.env['PATH'] = before;
    await folder[Symbol.asyncDispose]();
  });
  return async () => (await readFile(said, 'utf8').catch(() => '')).split('\n').filter(Boolean);
}
const env = { NOTIFY_SOCKET: '/run/nowhere', WATCHDOG_USEC: '60000' };
const pid = `--pid=${process.pid}`;

test('systemd is told for this process when the daemon is ready, and when it stops', async () => {
  const said = await aSystemd();
  using notifier = createNotifier(() => false, silent, env);
  notifier.ready();
  await expect.poll(said).toEqual([`${pid} READY=1`]);
  notifier.stopping();
  await expect.poll(said).toEqual([`${pid} READY=1`, `${pid} STOPPING=1`]);
});

test('the watchdog is fed while the daemon is alive, and no longer', async () => {
  const said = await aSystemd();
  const asked = { yes: 0, no: 0 };
  let alive = true;
  const notifier = createNotifier(
    () => {
      asked[alive ? 'yes' : 'no']++;
      return alive;
    },
    silent,
    env,
  );
  onTestFinished(() => notifier[Symbol.dispose]());
  await expect.poll(() => asked.yes).toBeGreaterThan(1);
  alive = false;
  await expect.poll(() => asked.no).toBeGreaterThan(3);
  await expect.poll(said).toEqual(Array.from({ length: asked.yes }, () => `${pid} WATCHDOG=1`));
});

test('without systemd nothing is said', async () => {
  const said = await aSystemd();
  using notifier = createNotifier(() => true, silent, { WATCHDOG_USEC: '1000' });
  notifier.ready();
  notifier.stopping();
  expect(await said()).toEqual([]);
});
