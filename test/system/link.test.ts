import * as timers from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { selectDigests } from '../../history/store/digests.ts';
import { insertReadings } from '../../history/store/readings.ts';
import type { Reading, TagId } from '../../history/reading.ts';
import type { Database } from '../../platform/database/db.ts';
import { openLink } from '../../sync/edge/link.ts';
import type { Link } from '../../sync/edge/link.ts';
import { enqueueEvent, enqueueReadings } from '../../sync/edge/store/outbox.ts';
import { countWaiting } from '../../sync/edge/store/sending.ts';
import { aBadTcp } from '../support/bad-line.ts';
import { aCentre } from '../support/centre.ts';
import type { Centre } from '../support/centre.ts';
import { aFolder } from '../support/folder.ts';
import { centreKey, invited } from '../support/line.ts';
import { randomFrom, seed } from '../support/seeded.ts';
import { aCentralDatabase, anAlarm, anEdgeDatabase, aTag } from '../support/sync.ts';
import { silent } from '../support/web.ts';

const HOUR_MS = 3_600_000;
const TAGS = [1, 2, 3, 4, 5];
const BAD_MS = 20_000;
const soon = { timeout: 60_000, interval: 100 };

/** Whatever a device may say: numbers of all sizes, words, nothing. */
function aReading(random: () => number, at: number): Reading {
  const kinds: (() => Pick<Reading, 'value' | 'cleaned' | 'quality'>)[] = [
    () => ({ value: random() * 1e9, cleaned: null, quality: 257 as Reading['quality'] }),
    () => ({ value: 'running', cleaned: null, quality: 0 as Reading['quality'] }),
    () => ({ value: null, cleaned: null, quality: 514 as Reading['quality'] }),
    () => ({ value: Math.round(random() * 100) / 10, cleaned: 1.5, quality: 0 as Reading['quality'] }),
  ];
  const tag = (1 + Math.floor(random() * TAGS.length)) as TagId;
  return { tag, at, ...kinds[Math.floor(random() * kinds.length)]!() };
}

/** A site that collects all the while, and the two ends of its link, which end and begin again. */
async function aFleet(url: () => string, token: string) {
  const edge = await anEdgeDatabase();
  const folder = await aFolder();
  let link: Link | undefined;
  return {
    edge,
    begin() {
      link = openLink({
        ...{ db: edge, url: url(), folder: folder.path, token, log: silent },
        apply: () => Promise.resolve(),
        tags: () => Promise.resolve(TAGS.map((id) => aTag(id))),
        waits: { idleMs: 20, firstMs: 20, longestMs: 200, proofMs: 500 },
      });
    },
    async end() {
      await link?.[Symbol.asyncDispose]();
    },
    async [Symbol.asyncDispose]() {
      await link?.[Symbol.asyncDispose]();
      await edge[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const hashOf = async (db: Database, tags: readonly number[], hours: readonly number[]) =>
  Promise.all(
    hours.map(async (hour) =>
      (await selectDigests(db, tags, hour)).map(({ tag, ...rest }) => ({
        place: tags.indexOf(tag),
        ...rest,
      })),
    ),
  );

test('over a line that delays, cuts, truncates and swallows, while both ends end again and again, the centre comes to hold what the site does', async () => {
  const random = randomFrom(seed);
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`seed ${seed}\n`);
  });
  await using central = await aCentralDatabase();
  let centre: Centre = await aCentre(central, { key: centreKey });
  onTestFinished(() => centre[Symbol.asyncDispose]());
  const { port } = centre;
  const chances = { cut: 0.03, truncate: 0.02, swallow: 0.01, mostDelayMs: 20 };
  await using line = await aBadTcp(() => port, { random, ...chances });
  const { site, token } = await invited(central);
  await using fleet = await aFleet(() => line.address, token);
  const { edge } = fleet;

  const until = Date.now() + BAD_MS;
  const first = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS;
  let alarms = 0;
  const collecting = async () => {
    for (let n = 0; Date.now() < until; n++) {
      const readings = Array.from({ length: 40 }, (_, i) =>
        aReading(random, first + n * 20_000 + i * 499.125),
      );
      await edge.transaction(async (tx) => {
        await insertReadings(tx, readings);
        await enqueueReadings(tx, readings);
        if (n % 5 === 0) await enqueueEvent(tx, anAlarm({ at: first + alarms++ }));
      });
      await timers.setTimeout(20 * random());
    }
  };
  const ending = async () => {
    while (Date.now() < until) {
      fleet.begin();
      await timers.setTimeout(3_000 * random());
      if (random() < 0.5) {
        await centre[Symbol.asyncDispose]();
        await timers.setTimeout(300 * random());
        centre = await aCentre(central, { key: centreKey, port });
      }
      await fleet.end();
    }
  };
  await Promise.all([collecting(), ending()]);
  line.heal();
  fleet.begin();
  await vi.waitFor(async () => expect(await countWaiting(edge)).toBe(0), soon);

  expect(line.faults).toBeGreaterThan(0);
  const rows = await central.query<{ tag: number }>(
    `select tag from site_tags where site = $1 order by site_tag`,
    [site],
  );
  const hours = [0, 1, 2, 3, 4].map((i) => first + i * HOUR_MS);
  expect(
    await hashOf(
      central,
      rows.map(({ tag }) => tag),
      hours,
    ),
  ).toEqual(await hashOf(edge, TAGS, hours));
  // In their order, each once.
  const changes = await central.query<{ n: number }>(
    `select (extract(epoch from at) * 1000)::float8 - $2 as n from site_alarm_changes where site = $1 order by id`,
    [site, first],
  );
  expect(changes.map(({ n }) => Math.round(n))).toEqual(Array.from({ length: alarms }, (_, i) => i));
  await vi.waitFor(async () => {
    const [open] = await central.query(
      `select (select count(*)::int from sync_open_cells where site = $1 and not closed) as cells,
         (select count(*)::int from sync_proof where site = $1) as proven`,
      [site],
    );
    expect(open).toEqual({ cells: 0, proven: 1 });
  }, soon);
}, 180_000);
