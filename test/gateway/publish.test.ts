import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { GatewayConfig } from '../../gateway/config.ts';
import { createFeed } from '../../gateway/live/feed.ts';
import type { Operation } from '../../gateway/operation.ts';
import { tellTags } from '../../gateway/publish.ts';
import type { Tag } from '../../gateway/plant/tag.ts';
import type { TagId } from '../../history/reading.ts';
import { aFolder } from '../support/folder.ts';
import { aReading, aTag } from '../support/readings.ts';
import { unwire } from '../support/sparkplug.ts';
import { aRecorder, edgeFaults } from '../support/sparkplug-rules.ts';

const flow = aTag({ id: 1 as TagId, name: 'flow' });
const level = aTag({ id: 2 as TagId, name: 'level' });
const secret = aTag({ id: 3 as TagId, name: 'secret' });

type Teller = Parameters<typeof tellTags>[1];

/** A gateway that publishes at a broker, whose plant and secrets may change, and what is told there. */
async function aTelling(sparkplug: object, first: readonly Tag[], keeper: Partial<Teller['keeper']> = {}) {
  const { port, of } = await aRecorder();
  const folder = await aFolder();
  const data = folder.path;
  const url = `mqtt://127.0.0.1:${port}`;
  const config = GatewayConfig.parse({
    data,
    database: { url: 'postgres://x/y' },
    publish: {
      sparkplug: { url, group: 'site', node: 'gateway', clientId: 'edge', periodMs: 100, ...sparkplug },
    },
  });
  const feed = createFeed();
  const plant = { tags: first };
  const lines: string[] = [];
  const teller = {
    feed,
    current: { started: true, operation: () => ({ plant: { ...plant } }) as unknown as Operation },
    keeper: { dataFolder: data, findSecret: () => undefined, ...keeper },
    log: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
  };
  const stop = new AbortController();
  const telling = tellTags(config, teller, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await telling;
    await folder[Symbol.asyncDispose]();
  });
  const told = () =>
    of('edge').flatMap((act) => {
      if (act.act !== 'publish') return [];
      const metrics = (unwire(act.payload) as Record<string, unknown>)['metrics'] as {
        name?: string;
        doubleValue?: number;
      }[];
      return metrics.map(
        ({ name, doubleValue }) => `${act.topic.split('/')[2] ?? ''} ${name ?? ''} ${doubleValue ?? ''}`,
      );
    });

  const end = async () => {
    stop.abort();
    await telling;
  };
  return { data, feed, plant, lines, told, end, faults: () => edgeFaults(of('edge')) };
}

test('the tags that are named are told at a broker as they change, and new ones of the plant too', async () => {
  const { data, feed, plant, told, end, faults } = await aTelling({ tags: ['flow', 'level'] }, [
    flow,
    secret,
  ]);
  await vi.waitFor(() => expect(told()).toContain('NBIRTH flow '), 5_000);
  feed.publish([aReading({ tag: flow.id, value: 7.5 }), aReading({ tag: secret.id, value: 1 })]);
  await vi.waitFor(() => expect(told()).toContain('NDATA  7.5'), 5_000);
  plant.tags = [flow, level, secret];
  await vi.waitFor(() => expect(told()).toContain('NBIRTH level '), 5_000);
  expect(told().filter((line) => line.includes('secret'))).toEqual([]);
  await end();
  expect(faults()).toEqual([]);
  expect(readFileSync(join(data, 'sparkplug-session'), 'utf8')).toBe('0');
});

test('a secret that is missing is named with a remedy, ends nothing else, and is found once it is there', async () => {
  const secrets = new Map<string, string>();
  const password = { user: 'gateway', password: { secret: 'broker' } };
  const { data, lines, told } = await aTelling(password, [flow], {
    findSecret: (name) => secrets.get(name),
  });
  await vi.waitFor(
    () => expect(lines.join()).toContain(`The secret 'broker' is missing: write it to ${data}`),
    5_000,
  );
  expect(told()).toEqual([]);
  secrets.set('broker', 'the password');
  await vi.waitFor(() => expect(told()).toContain('NBIRTH flow '), 10_000);
});

test('without a configuration nothing is told', async () => {
  const teller = { feed: createFeed(), current: { started: false } } as never;
  await expect(
    tellTags({ publish: undefined, data: '' }, teller, new AbortController().signal),
  ).resolves.toBeUndefined();
});
