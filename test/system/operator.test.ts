import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { AlarmView } from '../../gateway/api/alarms.ts';
import { apiOf } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { DESKTOP, faultsOf, keepScreen, openBrowser, openPage, PHONE, setUp } from '../support/browser.ts';
import { aFolder } from '../support/folder.ts';
import { say, setUpCodeIn, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import type { Daemon } from '../support/daemon.ts';
import { aDevice } from '../support/field.ts';
import { freePort } from '../support/foreign.ts';
import { copyNewDatabase } from '../support/new-database.ts';

const PASSWORD = 'field password';
const soon = { timeout: 30_000, interval: 100 };

let folder: Awaited<ReturnType<typeof aFolder>>;
let gateway: Daemon;
let device: MqttClient;
let browser: Browser;
let context: BrowserContext;
let site: Api;
let pulse: NodeJS.Timeout;
const level = { value: 50 };

const aTankFarm = (mqttPort: number) => ({
  site: { name: 'Tank farm', timeZone: 'Europe/Berlin' },
  areas: [{ name: 'Tanks' }],
  sources: [
    {
      name: 'telemetry',
      protocol: 'mqtt',
      config: { broker: { port: mqttPort, users: [{ name: 'field', password: { secret: 'field' } }] } },
    },
  ],
  tags: [
    {
      ...{
        name: 'LI-1',
        description: 'Tank level',
        unit: '%',
        decimals: 1,
        area: 'Tanks',
        source: 'telemetry',
      },
      ...{ address: { topic: 'tank/level' }, range: [0, 100], normal: [20, 80], spike: false },
      alarms: [
        {
          kind: 'high',
          limit: 90,
          deadband: 1,
          priority: 1,
          consequence: 'It spills.',
          action: 'Stop the pump.',
        },
      ],
    },
  ],
});

beforeAll(async () => {
  folder = await aFolder();
  const data = join(folder.path, 'data');
  await copyNewDatabase(join(data, 'database'));
  const [port, mqttPort] = [await freePort(), await freePort()];
  const config = await writeSite(folder.path, {
    ...{ port, database: 'embedded', plant: aTankFarm(mqttPort) },
    secrets: { field: PASSWORD },
  });
  gateway = startDaemon('gateway', config, port);
  browser = await openBrowser();
  context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB', colorScheme: 'light' });
  site = apiOf(context, gateway.url);
  await untilUp(gateway);
  device = await aDevice(mqttPort, PASSWORD);
  pulse = setInterval(() => device.publish('tank/level', String(level.value)), 250);
  const { page } = await openPage(context);
  await setUp(page, gateway.url, await setUpCodeIn(data));
  await page.close();
});
afterAll(async () => {
  clearInterval(pulse);
  device.end(true);
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** A page whose console must stay clean but for what is `expected`. */
async function visit(path: string, expected = /^$/): Promise<Page> {
  const { page, complaints } = await openPage(context);
  onTestFinished(async () => {
    await page.close();
    expect(complaints.filter((line) => !expected.test(line))).toEqual([]);
  });
  await page.goto(`${gateway.url}${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}
/** What the browser itself says of a server that is gone. */
const LOSS = /WebSocket|net::ERR_|503/;
const alarms = (which: 'open' | 'all') => site.list<AlarmView>(`alarms?state=${which}`);
const tile = (page: Page) => page.locator('.tile').first();
const look = (page: Page) => tile(page).getAttribute('data-look');

test('a value that passes its limit raises an alarm on every screen, and an operator acknowledges it', async () => {
  const page = await visit('/alarms');
  await page.getByText('No open alarms.').first().waitFor();
  level.value = 95;
  const row = page.getByRole('row').filter({ hasText: 'LI-1' });
  await row.waitFor();
  await expect(row.textContent()).resolves.toMatch(/95 %.*High 90 %.*Stop the pump\./);
  for (const [name, scheme, viewport] of [
    ['light', 'light', DESKTOP],
    ['dark', 'dark', DESKTOP],
    ['phone', 'light', PHONE],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize(viewport);
    await keepScreen(page, `operator-alarm-${name}`);
    expect(await faultsOf(page)).toEqual([]);
  }
  await page.setViewportSize(DESKTOP);

  const beside = await visit('/');
  await tile(beside).locator('svg.mark').waitFor();
  await keepScreen(beside, 'operator-alarm-overview');
  expect(await faultsOf(beside)).toEqual([]);

  await page.getByLabel('Comment').fill('On my way.');
  await row.getByRole('button', { name: /Acknowledge/ }).click();
  await expect
    .poll(() => alarms('open'), soon)
    .toMatchObject([{ state: 'acknowledged', acknowledgedBy: 'Ada Lovelace', comment: 'On my way.' }]);
  await row.getByText('Ada Lovelace').waitFor();
  await keepScreen(page, 'operator-alarm-acknowledged');

  level.value = 50;
  await page.getByText('No open alarms.').first().waitFor();
  expect(await alarms('all')).toMatchObject([{ state: 'normal', valueAtRaise: 95, limit: 90 }]);
});

test('an alarm that returns before anyone saw it waits to be acknowledged', async () => {
  const page = await visit('/alarms');
  level.value = 96;
  const row = page.getByRole('row').filter({ hasText: 'LI-1' });
  await row.waitFor();
  level.value = 50;
  await row.getByText(/returned to normal/).waitFor();
  await keepScreen(page, 'operator-alarm-returned');
  await row.getByRole('button', { name: /Acknowledge/ }).click();
  await page.getByText('No open alarms.').first().waitFor();
});

test('a device that falls silent turns stale, raises nothing, and its value is live again with it', async () => {
  const page = await visit('/');
  await expect.poll(() => look(page), soon).toBe('good');
  const before = await alarms('all');
  const silent = Date.now();
  clearInterval(pulse);
  await expect.poll(() => look(page), soon).toBe('stale');
  say(`operator: stale on screen ${Date.now() - silent} ms after the last value`);
  expect(await alarms('all')).toEqual(before);
  pulse = setInterval(() => device.publish('tank/level', String(level.value)), 250);
  await expect.poll(() => look(page), soon).toBe('good');
});

test('a gateway that hangs is shown as such, no value looks live, and all is live again when it goes on', async () => {
  const page = await visit('/', LOSS);
  await expect.poll(() => look(page), soon).toBe('good');
  const hung = Date.now();
  gateway.process.kill('SIGSTOP');
  onTestFinished(() => void gateway.process.kill('SIGCONT'));
  await page.getByText('No contact with the server.').waitFor();
  say(`operator: a hung gateway is shown after ${Date.now() - hung} ms`);
  await expect.poll(() => look(page), soon).toBe('stale');
  await keepScreen(page, 'operator-link-lost');
  expect(await faultsOf(page)).toEqual([]);
  gateway.process.kill('SIGCONT');
  await expect.poll(() => page.getByText('No contact with the server.').count(), soon).toBe(0);
  await expect.poll(() => look(page), soon).toBe('good');
});

test('SIGTERM ends the gateway with code 0, and the screens say that it is gone', async () => {
  const page = await visit('/jobs', LOSS);
  await page.getByRole('button', { name: 'Start' }).first().waitFor();
  const from = Date.now();
  expect(await gateway.stop()).toBe(0);
  say(`operator: the gateway ended after ${Date.now() - from} ms`);
  await page.getByText('No contact with the server.').waitFor();
  await expect(
    page.getByRole('button', { name: 'Start' }).first().getAttribute('aria-disabled'),
  ).resolves.toBe('true');
});
