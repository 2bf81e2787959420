import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { schemas } from '../collectors/protocols.ts';
import type { ProtocolName } from '../collectors/protocols.ts';
import type { Logger } from '../platform/log.ts';
import type { OpenAlarm } from './alarms/judge.ts';
import { createJudge } from './alarms/judge.ts';
import type { SourceView } from './api/plant.ts';
import { cleaning } from './cleaning/clean.ts';
import { freshness } from './cleaning/freshness.ts';
import { ingest } from './ingest.ts';
import type { Steps, Walk } from './ingest.ts';
import { SecretMissing, withSecrets } from './plant/secrets.ts';
import { reportsByException } from './plant/tag.ts';
import type { Source } from './plant/tag.ts';
import { runSource } from './runtime/source.ts';
import { disabledView, linkView, observed, startedLink } from './runtime/status.ts';
import type { LinkEvent } from './runtime/status.ts';
import type { Plant } from './store/plant.ts';

/** A plant at work: its sources collect, its readings walk. Disposing it stops the sources, then what they sent is safe. */
export interface Operation extends AsyncDisposable {
  readonly plant: Plant;
  readonly walk: Walk;
  sources(): SourceView[];
}

export interface OperationOptions extends Pick<Steps, 'save' | 'publish'> {
  readonly plant: Plant;
  readonly openAlarms: readonly OpenAlarm[];
  /** Keys, certificates and secrets. */
  readonly dataFolder: string;
  readonly findSecret: (name: string) => string | undefined;
  /** Told of each contact, loss and fault, by source. */
  readonly observe: (source: Source, event: LinkEvent) => void;
  readonly log: Logger;
}

const TICK_MS = 500;

/** Starts to collect. */
export function operate(options: OperationOptions): Operation {
  const { plant, log } = options;
  const stop = new AbortController();
  const tags = new Map(plant.tags.map((tag) => [tag.id, tag]));
  const contactMs = new Map(plant.sources.map((source) => [source.id, byException(source)]));
  const walk = ingest({
    clean: cleaning(tags),
    freshness: freshness(tags, (source) => contactMs.get(source)),
    judge: createJudge(plant.rules, options.openAlarms, randomUUID),
    save: options.save,
    publish: options.publish,
  });
  const running = plant.sources.map((source) => startSource(source, walk, options, stop.signal));
  const ticking = tick(walk, log, stop.signal);

  return {
    plant,
    walk,
    sources: () => running.map(({ view }) => view()),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([...running.map(({ done }) => done), ticking]);
    },
  };
}

async function tick(walk: Walk, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await timers.setTimeout(TICK_MS, undefined, { signal }).catch(() => undefined);
    // Not awaited: while nothing can be stored, the clock goes on.
    void walk.tick(Date.now()).catch((err: unknown) => log.error({ err }, 'A tick of the walk failed.'));
  }
}

/** How often the link of a source shows a sign of life, where its tags live on that. */
function byException(source: Source): number | undefined {
  const protocol = source.protocol as ProtocolName;
  if (!reportsByException(source)) return undefined;
  return schemas[protocol].contactMs(withPlaceholders(protocol, source.config));
}

const withPlaceholders = (protocol: ProtocolName, config: unknown) =>
  schemas[protocol].config.parse(withSecrets(config, () => 'not needed here'));

function startSource(source: Source, walk: Walk, options: OperationOptions, signal: AbortSignal) {
  const { plant, log } = options;
  const protocol = source.protocol as ProtocolName;
  const plain = withPlaceholders(protocol, source.config);
  const points = plant.tags
    .filter((tag) => tag.source === source.id)
    .map(({ id, name, address, kind }) => ({
      tag: id,
      name,
      address: schemas[protocol].address.parse(address),
      kind,
    }));
  let link = startedLink(schemas[protocol].contactMs(plain), Date.now());

  const view = (): SourceView => ({
    id: source.id,
    name: source.name,
    protocol,
    endpoint: schemas[protocol].endpoint(plain),
    tags: points.length,
    ...(source.enabled ? linkView(link, Date.now()) : disabledView(link.startedAt)),
  });
  const observe = (event: LinkEvent) => {
    link = observed(link, event, Date.now());
    options.observe(source, event);
  };
  const run = async () => {
    if (!source.enabled) return;
    const config = schemas[protocol].config.parse(withSecrets(source.config, secretsOf(options)));
    const dataFolder = join(options.dataFolder, 'sources', String(source.id));
    const plan = { config, points, pkiFolder: join(options.dataFolder, 'pki'), dataFolder };
    await runSource(
      { id: source.id, name: source.name, protocol, plan },
      { emit: walk.emit(source.id), observe },
      log,
      signal,
    );
  };
  const done = run().catch((err: unknown) => {
    observe({ type: 'lost', error: err instanceof Error ? err.message : String(err) });
    log.error(
      { err, source: source.name },
      'The source cannot run. Mend its configuration and import the plant again, or restart the gateway.',
    );
  });
  return { view, done };
}

const secretsOf =
  ({ findSecret, dataFolder }: OperationOptions) =>
  (name: string): string => {
    const secret = findSecret(name);
    if (secret !== undefined) return secret;
    throw new SecretMissing(
      `The secret '${name}' is missing: write it to ${join(dataFolder, 'secrets', name)} (mode 600), or set PENSTOCK_SECRET_${name.toUpperCase().replaceAll('-', '_')}.`,
    );
  };
