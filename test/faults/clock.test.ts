import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { quality } from '../../history/reading.ts';
import type { JobView } from '../../platform/api/jobs.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aBrowser } from '../support/access.ts';
import { health, say, setUpCodeIn, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import { aFakeClock, fakeTimeLibrary } from '../support/fake-clock.ts';
import { aFieldPlant, compare, startField } from '../support/field.ts';
import { aFolder } from '../support/folder.ts';
import { freePort } from '../support/foreign.ts';
import { hold } from '../support/hold.ts';
import { untilBalanced } from '../support/ledger.ts';
import { modbusDevice } from '../support/modbus-device.ts';
import { copyNewDatabase } from '../support/new-database.ts';

/** What a device may be ahead of us is an hour: we are set back by somewhat less. */
const HOUR_S = 3_540;
const A_GOOD_MANY = 150;
const USER = { name: 'Ada', password: 'a long password' };
const soon = { timeout: 60_000, interval: 50 };
const log = createLog('test', 'silent');
const STALE = quality('uncertain', 'stale');
const NOT_SET = quality('uncertain', 'clock not set');

/** A gateway with a clock of its own, a PLC whose values it dates, and a field that dates its own. */
async function aSite() {
  const folder = hold(await aFolder());
  const clock = aFakeClock(folder.path);
  const databaseFolder = join(folder.path, 'data', 'database');
  await copyNewDatabase(databaseFolder);
  const plc = hold(await modbusDevice({ holding: new Map([[7, 7]]) }));
  const [port, mqttPort] = [await freePort(), await freePort()];
  const password = randomBytes(12).toString('hex');
  const { sources, tags, ...rest } = aFieldPlant(mqttPort);
  const plant = {
    ...rest,
    sources: [
      ...sources,
      { name: 'plc', protocol: 'modbus', config: { host: '127.0.0.1', port: plc.port, pollMs: 100 } },
    ],
    tags: [
      ...tags,
      { name: 'P-1', area: 'Hall', spike: false, source: 'plc', address: { register: 7, type: 'uint16' } },
    ],
  };
  const config = await writeSite(folder.path, {
    ...{ port, database: 'embedded', plant },
    secrets: { field: password },
  });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const field = startField(mqttPort, password, stop.signal);
  const gateway = () => hold(startDaemon('gateway', config, port, clock.env));
  const url = `http://127.0.0.1:${port}`;
  const browser = aBrowser(url);
  return {
    ...{ clock, field, gateway, browser },
    data: join(folder.path, 'data'),
    checkOf: (name: string) => () => health(url).then(({ checks }) => checks[name]?.status),
    works: () =>
      expect.poll(() => field.acknowledged.size, soon).toBeGreaterThan(field.acknowledged.size + A_GOOD_MANY),
    jobs: async () => (await browser.call<{ items: JobView[] }>('GET', '/api/v1/jobs')).body.items,
    endField: () => (stop.abort(), field.ended),
    openDb: () => openDatabase({ url: 'embedded', folder: databaseFolder, name: 'test', log }),
  };
}

test.skipIf(fakeTimeLibrary === undefined)(
  'a gateway whose clock is set by an hour, forward and back, goes on as if nothing had happened',
  { timeout: 300_000 },
  async () => {
    const { clock, field, gateway, data, browser, checkOf, works, jobs, endField, openDb } = await aSite();
    const daemon = gateway();
    await untilUp(daemon);
    await works();
    for (const seconds of [HOUR_S, 0, -HOUR_S, 0]) {
      clock.ahead(seconds);
      await works();
      expect(await checkOf('sources')()).toBe('ok');
    }
    const code = await setUpCodeIn(data);
    expect((await browser.call('POST', '/api/v1/setup', { code, ...USER })).status).toBe(201);
    // No job waits for the clock to come where it was.
    for (const { name, nextAt } of await jobs())
      expect({ name, inMs: Date.parse(nextAt ?? '') - Date.now() }).toMatchObject({
        inMs: expect.toSatisfy((ms: number) => ms > -5_000 && ms < 32 * 86_400_000) as number,
      });
    await endField();
    await untilBalanced(daemon, data);
    expect(await daemon.stop(), daemon.output()).toBe(0);

    await using db = await openDb();
    expect(await compare(db, field.acknowledged)).toEqual({ missing: [], doubled: expect.any(Array) as [] });
    const [stale] = await db.query<{ n: number }>(
      'select count(*)::int as n from readings where quality = $1',
      [STALE],
    );
    const runs = await db.query<{ job: string; n: number }>(
      'select job, count(*)::int as n from job_runs group by 1 having count(*) > 8',
    );
    expect({ stale, runs }).toEqual({ stale: { n: 0 }, runs: [] });
    say(`clock set by ${HOUR_S} s, four times: ${field.acknowledged.size} readings acknowledged, 0 lost`);
  },
);

test.skipIf(fakeTimeLibrary === undefined)(
  'a gateway that begins in the year 2000 marks what it dates until its clock is set, and loses nothing',
  { timeout: 300_000 },
  async () => {
    const { clock, field, gateway, data, checkOf, works, endField, openDb } = await aSite();
    clock.beginAt('2000-01-01 00:03:00');
    const daemon = gateway();
    await untilUp(daemon);
    await works();
    expect(await checkOf('clock')()).toBe('degraded');
    const begun = performance.now();
    clock.ahead(0);
    await expect.poll(checkOf('clock'), soon).toBe('ok');
    const noticed = performance.now() - begun;
    await works();
    expect(await checkOf('sources')()).toBe('ok');
    await endField();
    await untilBalanced(daemon, data);
    expect(await daemon.stop(), daemon.output()).toBe(0);

    await using db = await openDb();
    const { missing } = await compare(db, field.acknowledged);
    expect(missing).toEqual([]);
    const dated = await db.query<{ tag: string; year: number; quality: number }>(
      `select distinct case t.name when 'P-1' then 'P-1' else 'field' end as tag,
         extract(year from time)::int as year, quality from readings r join tags t on t.id = r.tag_id order by 1, 2`,
    );
    const thisYear = new Date().getUTCFullYear();
    expect(dated).toEqual([
      { tag: 'P-1', year: 2000, quality: NOT_SET },
      { tag: 'P-1', year: thisYear, quality: 0 },
      { tag: 'field', year: thisYear, quality: 0 },
    ]);
    const runs = await db.query('select job from job_runs group by 1 having count(*) > 2');
    expect(runs).toEqual([]);
    say(
      `clock of the year 2000 set right: seen after ${noticed.toFixed(0)} ms, ${field.acknowledged.size} readings acknowledged, 0 lost`,
    );
  },
);
