import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import type { Edge } from '../collectors/mqtt/sparkplug/edge.ts';
import { statusOf } from '../history/reading.ts';
import type { Reading, TagId } from '../history/reading.ts';
import type { Logger } from '../platform/log.ts';
import type { GatewayConfig, SparkplugPublishing } from './config.ts';
import type { Current } from './current.ts';
import type { Feed } from './live/feed.ts';
import { secretsOf } from './plant/secrets.ts';
import type { Tag } from './plant/tag.ts';
import type { SecretKeeper } from './routes/secrets.ts';
import { supervise } from './runtime/supervise.ts';

export interface Teller {
  readonly feed: Feed;
  readonly current: Pick<Current, 'started' | 'operation'>;
  readonly keeper: SecretKeeper;
  readonly log: Logger;
}

/** How long a changed plant may take to be told. */
const LOOK_MS = 1_000;

/** Tells tags as a Sparkplug node, if that is configured, until `signal` aborts. The broker may be away at any time. */
export async function tellTags(
  { publish, data }: Pick<GatewayConfig, 'publish' | 'data'>,
  teller: Teller,
  signal: AbortSignal,
): Promise<void> {
  if (publish === undefined) return;
  const { sparkplug } = publish;
  const { Edge } = await import('../collectors/mqtt/sparkplug/edge.ts');
  const { lastBdSeq, runSession } = await import('../collectors/mqtt/sparkplug/publisher.ts');
  const { url, user, clientId, periodMs, password, group, node, host } = sparkplug;
  const bdSeqFile = join(data, 'sparkplug-session');
  const edge = new Edge({ group, node, host }, await lastBdSeq(bdSeqFile, teller.log));
  const run = async (emit: (none: readonly never[]) => Promise<void>, over: AbortSignal) => {
    // Looked up for each session: one that is missing may be given later.
    const secret = password && secretsOf(teller.keeper)(password.secret);
    const config = { url, user, clientId, periodMs, password: secret, bdSeqFile };
    await runSession(config, edge, { log: teller.log, connected: () => void emit([]) }, over);
  };
  await Promise.all([
    supervise({ run }, () => Promise.resolve(), teller.log, signal),
    follow(edge, sparkplug, teller, signal),
  ]);
}

/** Hands the newest readings on, and what is new in the plant. */
async function follow(
  edge: Edge,
  { tags: wanted }: SparkplugPublishing,
  { feed, current }: Teller,
  signal: AbortSignal,
): Promise<void> {
  const names = new Map<TagId, string>();
  const tell = (readings: readonly Reading[]) =>
    edge.update(
      readings.flatMap(({ tag, at, value, quality }) => {
        const name = names.get(tag);
        return name === undefined ? [] : [{ name, at, value, status: statusOf(quality) }];
      }),
    );
  const viewer = { offer: tell };
  let seen: readonly Tag[] | undefined;
  while (!signal.aborted) {
    const tags = current.started ? current.operation().plant.tags : undefined;
    if (tags !== undefined && tags !== seen) {
      seen = tags;
      const chosen = tags.filter(({ name }) => wanted?.includes(name) ?? true);
      names.clear();
      for (const { id, name } of chosen) names.set(id, name);
      edge.define(chosen);
      tell(feed.newest(names.keys()));
      feed.watch(viewer, new Set(names.keys()));
    }
    await timers.setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  feed.watch(viewer, new Set());
}
