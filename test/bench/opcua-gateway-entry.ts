// What the OPC UA benchmark measures: a source in its thread, and the gateway up to where the store begins.
import { randomUUID } from 'node:crypto';
import { schemas } from '../../collectors/protocols.ts';
import { createJudge } from '../../gateway/alarms/judge.ts';
import { cleaning } from '../../gateway/cleaning/clean.ts';
import { freshness } from '../../gateway/cleaning/freshness.ts';
import type { Tag } from '../../gateway/plant/tag.ts';
import { createHosts } from '../../gateway/runtime/hosts.ts';
import { startSource } from '../../gateway/runtime/source.ts';
import type { TagId } from '../../history/reading.ts';
import { createLog } from '../../platform/log.ts';
import { aTag } from '../support/readings.ts';
import { measured } from './measured.ts';

const [count = '0', folder = '', endpoint = ''] = process.argv.slice(2);
const tags = Number(count);
const node = (i: number) => `ns=2;i=${i + 1}`;

/** The driver in its thread, and the walk of its readings through cleaning and alarms to where the store begins. */
function gateway(arrived: (values: number) => void): void {
  const plantTags = new Map<TagId, Tag>();
  for (let i = 0; i < tags; i++)
    plantTags.set(
      (i + 1) as TagId,
      aTag({ id: (i + 1) as TagId, source: 0, range: [-1e9, 1e9], spike: true }),
    );
  const clean = cleaning(plantTags);
  const fresh = freshness(plantTags, () => undefined);
  const judge = createJudge([], [], randomUUID);
  const emit = (raw: Parameters<typeof clean>[0]) => {
    arrived(raw.length);
    if (raw.length > 0) judge.judge(fresh.live(0, clean(raw), Date.now()), Date.now());
    return Promise.resolve();
  };
  const config = schemas.opcua.config.parse({ endpoint });
  const points = [...plantTags.keys()].map((tag, i) => ({
    ...{ tag, name: `tag-${i}`, kind: 'number' as const },
    address: schemas.opcua.address.parse({ node: node(i) }),
  }));
  const log = createLog('bench', 'error');
  const plan = { config, points, pkiFolder: folder, dataFolder: folder };
  const place = { hosts: createHosts(log), log };
  const ears = { emit, late: emit, observe: () => undefined };
  startSource({ id: 0, name: 'bench', protocol: 'opcua', plan }, ears, place, new AbortController().signal);
}

await measured(tags, gateway);
