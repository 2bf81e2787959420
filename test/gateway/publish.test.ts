import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { GatewayConfig } from '../../gateway/config.ts';
import { createFeed } from '../../gateway/live/feed.ts';
import type { Operation } from '../../gateway/operation.ts';
import { tellTags } from '../../gateway/publish.ts';
import type { Tag } from '../../gateway/plant/tag.ts';
import type { TagId } from '../../history/reading.ts';
import { aReading, aTag } from '../support/readings.ts';
import { unwire } from '../support/sparkplug.ts';
import { aRecorder, edgeFaults } from '../support/sparkplug-rules.ts';

const flow = aTag({ id: 1 as TagId, name: 'flow' });
const level = aTag({ id: 2 as TagId, name: 'level' });
const secret = aTag({ id: 3 as TagId, name: 'secret' });

test('the tags that are named are told at a broker as they change, and new ones of the plant too', async () => {
  const { port, of } = await aRecorder();
  const data = mkdtempSync(join(tmpdir(), 'penstock-publish-'));
  const config = GatewayConfig.parse({
    data,
    database: { url: 'postgres://x/y' },
    publish: {
      sparkplug: {
        ...{
          url: `mqtt://127.0.0.1:${port}`,
          group: 'site',
          node: 'gateway',
          clientId: 'edge',
          periodMs: 100,
        },
        tags: ['flow', 'level'],
      },
    },
  });
  const feed = createFeed();
  let tags: readonly Tag[] = [flow, secret];
  const current = { started: true, operation: () => ({ plant: { tags } }) as unknown as Operation };
  const keeper = { dataFolder: data, findSecret: () => undefined };
  const stop = new AbortController();
  const telling = tellTags(config, { feed, current, keeper, log: pino({ level: 'silent' }) }, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await telling;
    rmSync(data, { recursive: true });
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

  await vi.waitFor(() => expect(told()).toContain('NBIRTH flow '), 5_000);
  feed.publish([aReading({ tag: flow.id, value: 7.5 }), aReading({ tag: secret.id, value: 1 })]);
  await vi.waitFor(() => expect(told()).toContain('NDATA  7.5'), 5_000);
  tags = [flow, level, secret];
  await vi.waitFor(() => expect(told()).toContain('NBIRTH level '), 5_000);
  expect(told().filter((line) => line.includes('secret'))).toEqual([]);
  stop.abort();
  await telling;
  expect(edgeFaults(of('edge'))).toEqual([]);
  expect(readFileSync(join(data, 'sparkplug-session'), 'utf8')).toBe('0');
});

test('without a configuration nothing is told', async () => {
  const teller = { feed: createFeed(), current: { started: false } } as never;
  await expect(
    tellTags({ publish: undefined, data: '' }, teller, new AbortController().signal),
  ).resolves.toBeUndefined();
});
