import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Db } from '../../platform/database/db.ts';
import { openDatabase } from '../../platform/database/open.ts';
import { createLog } from '../../platform/log.ts';
import { aBrowser } from '../support/access.ts';
import { health, say, setUpCodeIn, startDaemon, untilUp, writeSite } from '../support/daemon.ts';
import { aDatabaseAddress, requiredServer } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { freePort } from '../support/foreign.ts';
import { hold } from '../support/hold.ts';
import { modbusDevice } from '../support/modbus-device.ts';
import { long } from '../support/seeded.ts';

const ROWS = long ? 10_000_000 : 1_000_000;
const POLL_MS = 100;
const QUERY_S = 5;
/** The aims are 20 and 50 ms on a machine of its own; this one may be busy with other things. */
const BOUND_MS = 2_000;
const soon = { timeout: 60_000, interval: 50 };
const USER = { name: 'Ada', password: 'a long password' };
const log = createLog('test', 'silent');

const aPlant = (plcPort: number) => ({
  site: { name: 'Busy works' },
  areas: [{ name: 'Hall' }],
  sources: [
    { name: 'plc', protocol: 'modbus', config: { host: '127.0.0.1', port: plcPort, pollMs: POLL_MS } },
    { name: 'old', protocol: 'modbus', config: { host: '127.0.0.1', port: 1 } },
  ],
  tags: [
    { name: 'P-1', area: 'Hall', source: 'plc', spike: false, address: { register: 7, type: 'uint16' } },
    { name: 'F-1', area: 'Hall', source: 'old', address: { register: 0, type: 'uint16' } },
  ],
});

/** Rows of the past, ten a second. */
const fill = (db: Db, tag: number) =>
  db.query(
    `insert into readings (time, tag_id, value, quality, cleaned)
     select date_trunc('hour', now()) - interval '2 hours' - n * interval '100 milliseconds', $1, sin(n), 0, sin(n)
     from generate_series(1, ${ROWS}) n`,
    [tag],
  );

const percentile = (list: readonly number[], share: number) =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length * share)] ?? NaN;

/** How late polls were for their slots, and the longest time between two. */
async function lateness(db: Db, from: number): Promise<{ p99Ms: number; gapMs: number; polls: number }> {
  const rows = await db.query<{ at: number }>(
    `select (extract(epoch from r.time) * 1000)::float8 as at from readings r join tags t on t.id = r.tag_id
     where t.name = 'P-1' and r.quality = 0 and r.time >= $1 order by r.time`,
    [new Date(from)],
  );
  const times = rows.map(({ at }) => at);
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at));
  return {
    p99Ms: percentile(
      times.map((at) => at % POLL_MS),
      0.99,
    ),
    gapMs: Math.max(...gaps),
    polls: times.length,
  };
}

test(
  `an export of ${ROWS} readings and a query of ${QUERY_S} s hold up no poll`,
  { timeout: 600_000 },
  async () => {
    const folder = hold(await aFolder());
    const { url: database } = hold(await aDatabaseAddress(requiredServer()));
    const plc = hold(await modbusDevice({ holding: new Map([[7, 7]]) }));
    const port = await freePort();
    const config = await writeSite(folder.path, { port, database, plant: aPlant(plc.port) });
    const gateway = hold(startDaemon('gateway', config, port));
    await untilUp(gateway);
    const db = hold(await openDatabase({ url: database, folder: 'unused', name: 'test', log }));
    const browser = aBrowser(gateway.url);
    const code = await setUpCodeIn(join(folder.path, 'data'));
    expect((await browser.call('POST', '/api/v1/setup', { code, ...USER })).status).toBe(201);
    const tagOf = async () =>
      (await db.query<{ id: number }>(`select id from tags where name = 'F-1'`))[0]?.id;
    await expect.poll(tagOf, soon).toBeDefined();
    const tag = (await tagOf()) ?? 0;
    await db.cancellable(AbortSignal.timeout(300_000), 300_000, (own) => fill(own, tag));

    const begun = Date.now();
    const query = db.query(`select pg_sleep(${QUERY_S}), count(*) from readings where sin(value) > 2`);
    const range = `from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z`;
    const file = await fetch(`${gateway.url}/api/v1/readings/export?tags=${tag}&${range}&format=csv`, {
      headers: { cookie: browser.cookie },
    });
    expect(file.status).toBe(200);
    const loop: number[] = [];
    let [over, lines] = [false, 0];
    const looking = (async () => {
      while (!over) {
        const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
        loop.push(1000 * Number(/^penstock_event_loop_delay_seconds (\S+)$/m.exec(metrics)?.[1]));
        await health(gateway.url);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    })();
    for await (const piece of file.body ?? []) for (const byte of piece) if (byte === 10) lines++;
    await query;
    over = true;
    await looking;
    const ms = Date.now() - begun;
    await expect.poll(async () => (await lateness(db, begun)).polls, soon).toBeGreaterThan(ms / POLL_MS / 2);
    const { p99Ms, gapMs, polls } = await lateness(db, begun);
    expect(await gateway.stop(), gateway.output()).toBe(0);

    expect(lines).toBeGreaterThanOrEqual(ROWS);
    const loopMs = Math.max(...loop);
    say(
      `busy: ${lines} lines exported in ${(ms / 1000).toFixed(1)} s; ${polls} polls meanwhile, late by ${p99Ms.toFixed(0)} ms (p99), longest time between two ${gapMs.toFixed(0)} ms; event loop late by ${percentile(loop, 0.5).toFixed(0)} ms, in its worst second ${loopMs.toFixed(0)} ms (p99)`,
    );
    expect({ gapMs, loopMs }).toEqual({
      gapMs: expect.toSatisfy((late: number) => late < BOUND_MS) as number,
      loopMs: expect.toSatisfy((late: number) => late < BOUND_MS) as number,
    });
  },
);
