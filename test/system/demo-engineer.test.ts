import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CommandView } from '../../gateway/api/commands.ts';
import type { TagView } from '../../gateway/api/plant.ts';
import type { LastReading } from '../../gateway/api/readings.ts';
import { faultsOf, keepScreen, setUp } from '../support/browser.ts';
import { health, setUpCodeIn, until } from '../support/daemon.ts';
import { GATEWAY, openDemo, tagOf } from '../support/demo.ts';
import type { Demo } from '../support/demo.ts';

const soon = { timeout: 60_000, interval: 250 };
let demo: Demo;

beforeAll(async () => {
  demo = await openDemo();
  await until(
    demo.daemon,
    () => health(GATEWAY),
    ({ status }) => status === 'ok',
  );
  const code = await setUpCodeIn(join(demo.folder, 'gateway'));
  const page = await demo.context.newPage();
  await page.goto(GATEWAY);
  await setUp(page, GATEWAY, code);
  await page.close();
}, 190_000);
afterAll(() => demo[Symbol.asyncDispose]());

const aPage = () => demo.aPage();
async function lastOf({ id }: TagView): Promise<LastReading['value'] | undefined> {
  const all = await demo.site.list<LastReading>('readings/last?limit=1000');
  return all.find((last) => last.tag === id)?.value;
}

test('a set-point is written from the screen in two steps, and the device shows it', async () => {
  const tag = await tagOf(demo.site, 'SP_07');
  const shown = () => lastOf(tag);
  await expect.poll(shown, soon).toBe(2705);
  const page = await aPage();
  await page.goto(`${GATEWAY}/tags/${tag.id}`);
  await page.getByLabel(/New value/).fill('2740');
  await page.getByRole('button', { name: 'Set …' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('From 2,705.0 kPa to 2,740.0 kPa.').waitFor();
  await keepScreen(page, 'gateway-set-point');
  expect(await faultsOf(page)).toEqual([]);
  expect(await shown()).toBe(2705);
  await dialog.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Done: the device shows it').waitFor();
  await expect.poll(shown, soon).toBe(2740);
  expect(await demo.site.list<CommandView>(`commands?tag=${tag.id}`)).toMatchObject([
    { state: 'verified', before: 2705, value: 2740 },
  ]);
});

test('a signal that is found by browsing the server becomes a tag that is collected', async () => {
  const page = await aPage();
  await page.goto(`${GATEWAY}/sources/reactor-plc/browse`);
  for (const folder of ['TennesseeEastman', 'Reactor']) await page.getByText(`${folder} ›`).click();
  await page.getByPlaceholder('Name contains').fill('XMEAS_09');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByLabel(/Select XMEAS_09/).check();
  await page.getByLabel('Area').selectOption('Reactor');
  await page.getByLabel('Prefix of the names').fill('again-');
  await keepScreen(page, 'gateway-new-tags');
  expect(await faultsOf(page)).toEqual([]);
  await page.getByRole('button', { name: 'Make tags' }).click();
  const made = () => tagOf(demo.site, 'again-XMEAS_09');
  await expect.poll(() => made().catch(() => null), soon).not.toBeNull();
  const tag = await made();
  expect(tag).toMatchObject({ unit: '°C', area: 'Reactor', source: 'reactor-plc' });
  await expect.poll(() => lastOf(tag), soon).toBeGreaterThan(100);
});

test('a connection is tried before it is kept: what is wrong stands there in seconds', async () => {
  const page = await aPage();
  await page.goto(`${GATEWAY}/sources/reactor-plc/settings`);
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByText('The connection works.').waitFor();
  await page.getByLabel('Endpoint', { exact: true }).fill('opc.tcp://127.0.0.1:9');
  await page.getByRole('button', { name: 'Test connection' }).click();
  await page.getByText('The connection does not work.').waitFor();
  await page.getByText(/Check that the server runs/).waitFor();
  await keepScreen(page, 'gateway-test-connection');
  expect(await faultsOf(page)).toEqual([]);
});

test('what is on a trend leaves as a file of every reading, and other tags with it', async () => {
  const page = await aPage();
  const [first, second] = [await tagOf(demo.site, 'XMEAS_07'), await tagOf(demo.site, 'XMEAS_08')];
  await expect.poll(() => lastOf(second), soon).toBeDefined();
  await page.goto(`${GATEWAY}/tags/${first.id}`);
  await page.getByRole('button', { name: 'Export…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Search for more tags').fill(second.name);
  await dialog.getByLabel(second.name).check();
  await dialog.getByText(/About [\d,]+ readings/).waitFor();
  await keepScreen(page, 'gateway-export');
  expect(await faultsOf(page)).toEqual([]);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Export', exact: true }).click(),
  ]);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
  expect(lines[0]).toBe('time,tag,value,quality,reason,cleaned');
  expect(new Set(lines.slice(1).map((line) => line.split(',')[1]))).toEqual(
    new Set([first.name, second.name]),
  );
});
