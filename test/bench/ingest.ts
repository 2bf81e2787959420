import type { Walk } from '../../gateway/ingest.ts';
import type { Tag } from '../../gateway/plant/tag.ts';
import type { Writer } from '../../gateway/store/writer.ts';
import type { Raw, TagId } from '../../history/reading.ts';
import { readingsOf } from '../../history/store/encode.ts';
import type { Database } from '../../platform/database/db.ts';
import { aTag } from '../support/readings.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { measureMqtt } from './mqtt.ts';
import { walkTo, withStore } from './pipeline.ts';
import { measureSteady } from './steady.ts';

const SOURCES = 5;
const TAGS_EACH = 1000;
/** As the runtime allows. */
const IN_FLIGHT = 4;
const ROUNDS = 4;
const COPY_ROWS = 10_000;
/** Tags that no source has, for the reference. */
const REFERENCE_TAG = 1_000_000;

const readings = readingsOf('readings');

const tagOf = (source: number, i: number) => (source * TAGS_EACH + i + 1) as TagId;
const plantTags = (): Map<TagId, Tag> =>
  new Map(
    Array.from({ length: SOURCES * TAGS_EACH }, (_, i) => {
      const tag = aTag({
        id: tagOf(0, i),
        source: Math.floor(i / TAGS_EACH),
        range: [-1e6, 1e6],
        spike: true,
      });
      return [tag.id, tag];
    }),
  );

/** Two decimals, a slow wave and some noise. */
const valueAt = (tag: number, poll: number): number =>
  Math.round((50 + 20 * Math.sin(poll / 50 + tag) + Math.sin(poll * 12.9898 * tag)) * 100) / 100;

/** Polls of all tags, a millisecond apart: the clock of a plant that is as fast as we are. */
function poller(start: number) {
  let poll = 0;
  return (source: number): Raw[] => {
    const at = start + ++poll;
    return Array.from({ length: TAGS_EACH }, (_, i) => {
      const tag = tagOf(source, i);
      return { tag, at, value: valueAt(tag, poll), status: 'good' as const };
    });
  };
}

interface Rate {
  rows: number;
  ms: number;
}
const perSecond = ({ rows, ms }: Rate): number => Math.round((rows / ms) * 1000);

/** Polls as fast as they settle, from all sources at once. */
async function emitFor(walk: Walk, poll: (source: number) => Raw[], ms: number): Promise<Rate> {
  const begun = performance.now();
  let rows = 0;
  const keepEmitting = async (source: number) => {
    const emit = walk.emit(source);
    while (performance.now() - begun < ms) {
      await emit(poll(source));
      rows += TAGS_EACH;
    }
  };
  const sources = Array.from({ length: SOURCES * IN_FLIGHT }, (_, i) => keepEmitting(i % SOURCES));
  await Promise.all(sources);
  return { rows, ms: performance.now() - begun };
}

/** The limit: the same rows by nothing but binary COPY into the same table, ten thousand a transaction. */
async function copyFor(db: Database, start: number, ms: number): Promise<Rate> {
  const begun = performance.now();
  const tags = SOURCES * TAGS_EACH;
  let rows = 0;
  while (performance.now() - begun < ms) {
    const batch = Array.from({ length: COPY_ROWS }, () => {
      const poll = Math.floor(rows / tags);
      const tag = REFERENCE_TAG + (rows++ % tags);
      const value = valueAt(tag, poll);
      return [start + poll, tag, value, null, 0, value];
    });
    await db.copy(readings, batch);
  }
  return { rows, ms: performance.now() - begun };
}

async function measure(db: Database, writer: Writer, { seconds, say }: BenchOptions): Promise<BenchResult> {
  const walk = walkTo(writer, plantTags());
  const start = Date.now();
  const poll = poller(start);
  const direct: Rate = { rows: 0, ms: 0 };
  const copied: Rate = { rows: 0, ms: 0 };
  const roundMs = (seconds * 1000) / ROUNDS / 2.5;
  const add = (sum: Rate, { rows, ms }: Rate) => {
    sum.rows += rows;
    sum.ms += ms;
  };
  await emitFor(walk, poll, 500); // warms up
  for (let round = 1; round <= ROUNDS; round++) {
    // Turn about, so that both meet the same load of the machine.
    add(copied, await copyFor(db, start + round * 10_000_000, roundMs));
    add(direct, await emitFor(walk, poll, roundMs));
    say(`round ${round}: direct ${perSecond(direct)}/s, bare COPY ${perSecond(copied)}/s`);
  }
  const steady = await measureSteady(walk, poll, SOURCES, 2 * roundMs);
  say(`10,000 readings/s: ${JSON.stringify(steady)}`);
  const mqtt = await measureMqtt(walk, writer, tagOf, roundMs);
  say(`mqtt: ${mqtt.readingsPerSecond}/s`);
  const [value, limit] = [perSecond(direct), perSecond(copied)];
  const { engine, server, timescaledb } = db.edition ?? {};
  return {
    name: 'ingest',
    unit: 'readings/s to commit',
    value,
    reference: { name: 'binary COPY into the same table', value: limit },
    ratio: Number((value / limit).toFixed(3)),
    conditions: {
      ...{ engine, server, timescaledb, sources: SOURCES, tags: SOURCES * TAGS_EACH, inFlight: IN_FLIGHT },
      ...{
        pollOf: TAGS_EACH,
        cleaning: 'range, stuck, spike',
        outbox: true,
        spooled: writer.figures().spooledBatches,
      },
      steady,
      mqtt: { ...mqtt, ratio: Number((mqtt.readingsPerSecond / limit).toFixed(3)) },
    },
  };
}

export const ingestBench: Bench = {
  name: 'ingest',
  summary: 'from emit, and from MQTT publishers, to commit; against bare binary COPY into the same table',
  run: (options) => withStore(options.database, (db, writer) => measure(db, writer, options)),
};
