import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelView, TrainingView } from '../../gateway/api/models.ts';
import type { SourceView, TagView } from '../../gateway/api/plant.ts';
import type { LastReading, TrendAnswer } from '../../gateway/api/readings.ts';
import type { SiteView } from '../../sync/central/api/fleet.ts';
import type { Api } from '../support/api.ts';
import { DESKTOP, faultsOf, keepScreen, PHONE, setUp } from '../support/browser.ts';
import { health, say, until } from '../support/daemon.ts';
import { CENTRAL, GATEWAY, PAGES, endOf, lies, looksOf, openDemo, partsOf, tagOf } from '../support/demo.ts';
import type { Demo } from '../support/demo.ts';

/** The 60 s are for a machine that has nothing else to do. */
const STARTED_MS = 180_000;
/** Six hours of nineteen analysers, a record in ten seconds. */
const BACKLOG = 6 * 360 * 19;
/** The demo's devices: OPC UA, Modbus and MQTT. */
const DEVICES = ['reactor-plc', 'separator-plc', 'field-gateway'];
const soon = { timeout: 60_000, interval: 250 };

const begun = performance.now();
let demo: Demo;
let site: Api;
let fleet: Api;

beforeAll(async () => {
  demo = await openDemo();
  ({ site, fleet } = demo);
});
afterAll(() => demo[Symbol.asyncDispose]());

const aPage = () => demo.aPage();
const sources = () => site.list<SourceView>('sources');
const tags = () => site.list<TagView>('tags?limit=1000');
const tagNamed = (name: string) => tagOf(site, name);

test(
  'a fresh folder becomes a running plant: both daemons are well, readings of three protocols arrive',
  async () => {
    const collected = async () => {
      const text = await (await fetch(`${GATEWAY}/metrics`)).text();
      const found = text.matchAll(/^penstock_readings_collected_total\{source="(.*)"\} [1-9]/gm);
      return new Set(Array.from(found, ([, source]) => source));
    };
    await until(
      demo.daemon,
      async () => {
        const heard = await collected();
        const status = DEVICES.every((device) => heard.has(device)) ? 'ok' : 'waiting';
        return [await health(GATEWAY), await health(CENTRAL), { status }];
      },
      (all) => all.every(({ status }) => status === 'ok'),
    );
    say(
      `demo: well, with readings of three protocols stored, after ${((performance.now() - begun) / 1000).toFixed(1)} s`,
    );
    expect(performance.now() - begun).toBeLessThan(STARTED_MS);
    await until(
      demo.daemon,
      () => Promise.resolve(demo.daemon.output()),
      (output) => output.includes('Running after'),
    );
  },
  STARTED_MS + 10_000,
);

test.for([
  ['gateway', GATEWAY],
  ['central', CENTRAL],
] as const)(
  'the first visitor of the %s makes the administrator, with the code that was printed',
  async ([name, url]) => {
    const [, code = ''] = new RegExp(`${url} +set-up code: (\\S+)`).exec(demo.daemon.output()) ?? [];
    expect(code).toBe((await readFile(join(demo.folder, name, 'setup-code'), 'utf8')).trim());
    const page = await aPage();
    await page.goto(url);
    await page.getByLabel('Set-up code').waitFor();
    await keepScreen(page, `${name}-set-up`);
    expect(await faultsOf(page)).toEqual([]);
    await setUp(page, url, code);
  },
);

test('readings of each protocol are in the database', async () => {
  const all = await tags();
  for (const { name, protocol } of await sources()) {
    const tag = all.find(({ source }) => source === name);
    const [from, to] = [Date.now() - 600_000, Date.now() + 1000].map((at) => new Date(at).toISOString());
    const { trends } = await site.get<TrendAnswer>(
      `readings?tags=${tag?.id ?? 0}&from=${from ?? ''}&to=${to ?? ''}`,
    );
    expect({ protocol, stored: (trends[0]?.at.length ?? 0) > 0 }).toEqual({ protocol, stored: true });
  }
});

test('the overview is live: values change while one looks', async () => {
  const page = await aPage();
  await page.goto(GATEWAY);
  for (const area of ['Reactor', 'Stripper', 'Analysis']) {
    const values = page.getByRole('region', { name: area, exact: true }).locator('output');
    await values.first().waitFor();
    const first = await values.allTextContents();
    await expect.poll(async () => (await values.allTextContents()).join() !== first.join(), soon).toBe(true);
  }
});

test('a training ordered at the site runs at the centre, comes back as a shadow model and is activated', async () => {
  const tag = await tagNamed('XMEAS_23');
  const arrived = async () => (await fleet.list<SiteView>('sites'))[0]?.readings ?? 0;
  await expect.poll(arrived, { ...soon, timeout: 150_000 }).toBeGreaterThan(BACKLOG);
  const page = await aPage();
  await page.goto(`${GATEWAY}/trainings`);
  await page.getByLabel('Tag').selectOption({ value: String(tag.id) });
  await page.getByLabel('Kind of model').selectOption('seasonal-naive');
  await page.getByRole('button', { name: 'Order' }).click();
  const training = async () => (await site.list<TrainingView>('trainings'))[0];
  await expect
    .poll(async () => (await training())?.state, { ...soon, timeout: 150_000 })
    .toMatch(/succeeded|failed/);
  expect(await training()).toMatchObject({ state: 'succeeded', error: null, tagName: 'XMEAS_23' });
  await page.getByText('Succeeded').first().waitFor();
  await keepScreen(page, 'gateway-training-done');

  const model = async () => {
    const ours = (await training())?.model;
    return (await site.list<ModelView>(`models?tag=${tag.id}`)).find(({ id }) => id === ours);
  };
  expect(await model()).toMatchObject({ state: 'shadow', origin: 'centre' });
  await page.goto(`${GATEWAY}/models`);
  const row = page.getByRole('row').filter({ hasText: 'XMEAS_23' }).filter({ hasText: 'Shadow' });
  await row
    .getByRole('button', { name: /Activate/ })
    .first()
    .click();
  await keepScreen(page, 'gateway-activate');
  expect(await faultsOf(page)).toEqual([]);
  await page.getByRole('dialog').getByRole('button', { name: 'Activate' }).click();
  await expect.poll(async () => (await model())?.state, soon).toBe('active');
});

/** The names in PAGES stand for numbers that are not known before. */
async function resolve(path: string): Promise<string> {
  const [, name, rest = ''] = /^tags\/([^/]+)(.*)/.exec(path) ?? [];
  if (name !== undefined) return `tags/${(await tagNamed(name)).id}${rest}`;
  const kind = /^(.*)\/first$/.exec(path)?.[1];
  if (kind === undefined) return path;
  return `${kind}/${(await fleet.list<{ id: string }>(kind))[0]?.id ?? 'none'}`;
}

test.for(PAGES)(
  '%s: the page /%s is legible to all, in light and dark, on a desk and on a phone',
  async ([daemon, path, url]) => {
    const page = await aPage();
    const name = `${daemon}-${path.replaceAll('/', '-') || 'first'}`;
    await page.goto(`${url}/${await resolve(path)}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await expect.poll(() => page.getByText('Loading…').count(), soon).toBe(0);
    for (const [look, colorScheme, viewport] of [
      ['light', 'light', DESKTOP],
      ['dark', 'dark', DESKTOP],
      ['phone', 'light', PHONE],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await keepScreen(page, `${name}-${look}`);
      expect({ look, faults: await faultsOf(page) }).toEqual({ look, faults: [] });
    }
  },
);

test.for([
  ['dies', 'SIGKILL'],
  ['hangs', 'SIGSTOP'], // an MQTT device may be silent for one and a half of its keep-alives
] as const)(
  'a plant that %s turns stale within seconds, raises no alarm, and recovers',
  async ([what, how]) => {
    const page = await aPage();
    await page.goto(GATEWAY);
    const looks = () => looksOf(page);
    // What is computed here has no device that could die.
    const devices = async () => (await sources()).filter(({ protocol }) => protocol !== 'calculated');
    const states = async () => [...new Set((await devices()).map(({ state }) => state))];
    await expect.poll(looks, soon).toEqual(['good']);

    const known = await site.list<LastReading>('readings/last?limit=1000');
    const plant = (await partsOf(demo.daemon)).get('simulate') ?? 0;
    const from = Date.now();
    process.kill(plant, how);
    // Silent tags are stale; a line whose requests time out says itself that it is not connected.
    const live = async () => (await looks()).filter((look) => look !== 'stale' && look !== 'bad');
    await expect.poll(live, soon).toEqual([]);
    const onScreen = Date.now() - from;
    await keepScreen(page, `gateway-plant-${what}`);
    await expect.poll(async () => (await states()).includes('connected'), soon).toBe(false);
    const inApi = Date.now() - from;
    say(
      `demo: a plant that ${what} is stale on screen after ${onScreen} ms, not connected after ${inApi} ms`,
    );
    const degraded = { status: 'degraded' };
    expect(await health(GATEWAY)).toMatchObject({ ...degraded, checks: { sources: degraded } });
    expect(await lies(site, from, known)).toEqual([]);
    await page.goto(`${GATEWAY}/sources`);
    await page.getByText('reactor-plc').waitFor();
    await keepScreen(page, `gateway-sources-plant-${what}`);

    if (how === 'SIGSTOP') process.kill(plant, 'SIGCONT');
    await page.goto(GATEWAY);
    await expect.poll(looks, { ...soon, timeout: 120_000 }).toEqual(['good']);
    await expect.poll(states, soon).toEqual(['connected']);
    say(`demo: all recovered ${((Date.now() - from) / 1000).toFixed(1)} s after that`);
    expect(onScreen).toBeLessThan(10_000);
    expect(inApi).toBeLessThan(how === 'SIGKILL' ? 10_000 : 20_000);
  },
);

test('SIGTERM ends every part in good order, each within ten seconds', async () => {
  const ends = [...(await partsOf(demo.daemon))].map(async ([name, pid]) => ({ name, at: await endOf(pid) }));
  let from = performance.now();
  expect(await demo.daemon.stop()).toBe(0);
  const last = { name: 'the demo itself', at: performance.now() };
  expect(demo.daemon.output()).not.toMatch(/was killed|ended with code|Warning/);
  // One is told after the other has ended.
  for (const { name, at } of [...(await Promise.all(ends)), last].sort((a, b) => a.at - b.at)) {
    say(`demo: ${name}: ended after ${((at - from) / 1000).toFixed(1)} s`);
    expect(at - from).toBeLessThan(10_000);
    from = at;
  }
});
