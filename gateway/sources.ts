import { join } from 'node:path';
import type { ConditionNews, Emit } from '../collectors/collector.ts';
import type { TagId } from '../history/reading.ts';
import { inTurn } from '../platform/in-turn.ts';
import type { Logger } from '../platform/log.ts';
import { notFound } from '../platform/web/problem.ts';
import type { SourceView } from './api/plant.ts';
import type { Walk } from './ingest.ts';
import { protocols } from './plant/protocols.ts';
import type { SourceProtocol } from './plant/protocols.ts';
import { secretsOf, withoutSecrets, withSecrets } from './plant/secrets.ts';
import type { Source } from './plant/tag.ts';
import type { Arrivals } from './runtime/arrivals.ts';
import { asking } from './runtime/ask.ts';
import type { Abilities } from './runtime/ask.ts';
import { clockWatch, timedTags } from './runtime/clock.ts';
import type { Timed } from './runtime/clock.ts';
import { endAll } from './runtime/end-all.ts';
import { faultLog } from './runtime/faults.ts';
import { keepHeard, readHeard } from './runtime/heard.ts';
import type { StartHost } from './runtime/host.ts';
import { createHosts } from './runtime/hosts.ts';
import { startSource } from './runtime/source.ts';
import type { Ears, Place, RunningSource } from './runtime/source.ts';
import { disabledView, linkView, liveLink } from './runtime/status.ts';
import type { Link, LinkEvent } from './runtime/status.ts';
import type { Plant } from './store/plant.ts';

/** A source at work, or switched off. */
export interface LiveSource extends Abilities {
  readonly source: Source;
  readonly view: () => SourceView;
}

/** The sources of the plant. Each lives by itself: what happens to one, the others do not notice. */
export interface Sources extends AsyncDisposable {
  readonly all: readonly LiveSource[];
  /** Throws a `Problem` where none has this name. */
  readonly source: (name: string) => LiveSource;
  /** Stops and starts a source. Settles when it is started, not when it is connected. */
  readonly restart: (name: string) => Promise<void>;
  /** A source without a device has shown a sign of life. */
  computed(source: number, readings: number): void;
  /** Starts what is new, stops what is gone, starts anew what has changed. All else goes on. */
  replant(plant: Plant): Promise<void>;
}

export interface SourcesOptions {
  /** Keys, certificates and secrets. */
  readonly dataFolder: string;
  readonly findSecret: (name: string) => string | undefined;
  /** Told of each contact, loss and fault, by source. */
  readonly observe: (source: Source, event: LinkEvent) => void;
  /** Sees each batch as it arrives. */
  readonly arrivals: Pick<Arrivals, 'arrived'>;
  /** How what drivers run in is started, where not as usual. */
  readonly startHost?: StartHost | undefined;
  readonly log: Logger;
}

interface Watching extends SourcesOptions {
  readonly clock: (tag: TagId) => Timed | undefined;
}

interface Started extends LiveSource {
  /** Another one must be started for another print. */
  readonly print: string;
  readonly lastContact: () => number | null;
  readonly observe: (event: LinkEvent) => void;
  stop(): Promise<void>;
}

/** A source's configuration, with something in place of its secrets: to look at, not to connect by. */
export const plainConfig = ({ protocol, config }: Pick<Source, 'protocol' | 'config'>): unknown =>
  protocols[protocol as SourceProtocol].config.parse(withoutSecrets(config));

/** The ways in for what a device sends. */
export interface Inlets extends Pick<Walk, 'emit' | 'backfill'> {
  conditions(source: number, news: ConditionNews): Promise<void>;
}

export function createSources(walk: Inlets, options: SourcesOptions): Sources {
  const hosts = createHosts(options.log, options.startHost);
  const place = { hosts, log: options.log };
  const started = new Map<number, Started>();
  const turn = inTurn();
  let plant: Plant | undefined;
  let timed: ReadonlyMap<TagId, Timed> = new Map();
  const watching = { ...options, clock: (tag: TagId) => timed.get(tag) };

  const start = (source: Source, heardAt: number | null) => {
    if (plant === undefined) return;
    const points = pointsOf(source, plant);
    started.set(source.id, startOne({ source, points, heardAt }, walk, place, watching));
  };
  const replant = async (next: Plant): Promise<void> => {
    plant = next;
    timed = timedTags(next);
    const prints = new Map(
      next.sources.map((source) => [source.id, printOf(source, pointsOf(source, next))]),
    );
    const old = [...started.values()].filter(({ source, print }) => prints.get(source.id) !== print);
    await Promise.all(old.map((one) => one.stop()));
    for (const { source } of old) started.delete(source.id);
    for (const source of next.sources) {
      if (started.has(source.id)) continue;
      const before = old.find((one) => one.source.id === source.id)?.lastContact();
      start(source, before ?? (await readHeard(folderOf(source, options))));
    }
  };
  const find = (name: string): Started =>
    [...started.values()].find(({ source }) => source.name === name) ?? nobody(name);
  return {
    get all() {
      return (plant?.sources ?? []).flatMap(({ id }) => started.get(id) ?? []);
    },
    source: find,
    computed: (source, readings) => started.get(source)?.observe({ type: 'contact', readings }),
    restart: (name) =>
      turn(async () => {
        const old = find(name);
        await old.stop();
        start(old.source, old.lastContact());
      }),
    replant: (next) => turn(() => replant(next)),
    [Symbol.asyncDispose]: () => turn(() => endAll([...started.values()], hosts)),
  };
}
function nobody(name: string): never {
  throw notFound(`There is no source '${name}'. GET /api/v1/sources lists them.`);
}

const folderOf = ({ id }: Source, { dataFolder }: SourcesOptions): string =>
  join(dataFolder, 'sources', String(id));

type Points = ReturnType<typeof pointsOf>;

const pointsOf = ({ id: source, protocol }: Source, { tags }: Plant) =>
  tags
    .filter((tag) => tag.source === source)
    .map(({ id, name, address, kind }) => ({
      tag: id,
      name,
      address: protocols[protocol as SourceProtocol].address.parse(address),
      kind,
    }));

const printOf = ({ protocol, config, enabled }: Source, points: Points): string =>
  JSON.stringify([protocol, config, enabled, points]);

interface Sown {
  readonly source: Source;
  readonly points: Points;
  readonly heardAt: number | null;
}

function startOne({ source, points, heardAt }: Sown, walk: Inlets, place: Place, options: Watching): Started {
  const protocol = source.protocol as SourceProtocol;
  const plain = plainConfig(source);
  const stop = new AbortController();
  const link = liveLink(protocols[protocol].contactMs(plain));
  const observe = (event: LinkEvent) => {
    link.observe(event);
    options.observe(source, event);
  };
  const run = (): RunningSource | null => {
    if (!source.enabled || protocol === 'calculated') return null;
    const { dataFolder } = options;
    const plan = {
      config: protocols[protocol].config.parse(withSecrets(source, secretsOf(options))),
      points,
      pkiFolder: join(dataFolder, 'pki'),
      dataFolder: folderOf(source, options),
    };
    const { id, name } = source;
    const ears = earsOf(source, walk, options, observe);
    return startSource({ id, name, protocol, plan, heardAt }, ears, place, stop.signal);
  };
  const failed = (err: unknown) => {
    observe({ type: 'lost', error: err instanceof Error ? err.message : String(err) });
    options.log.error(
      { err, source: source.name },
      'The source cannot run. Mend its configuration, or start it again.',
    );
    return null;
  };
  const running = attempt(run, failed);
  const heard = () => link.now().lastContact ?? heardAt;
  const keeping = running && keepHeard(folderOf(source, options), heard, options.log, stop.signal);
  const done = Promise.all([running?.done.catch(failed), keeping]);
  return {
    ...(running ?? cannotBeAsked(source)),
    source,
    observe,
    print: printOf(source, points),
    view: () => viewOf({ source, points, plain, link: link.now() }, running?.capabilities() ?? []),
    lastContact: heard,
    async stop() {
      stop.abort();
      await done;
    },
  };
}

function earsOf({ id, name }: Source, walk: Inlets, options: Watching, observe: Ears['observe']): Ears {
  const { arrivals, clock, log } = options;
  const take = walk.emit(id);
  const late = clockWatch(clock);
  const logFault = faultLog(log.child({ source: name }));
  const emit: Emit = (batch) => {
    const now = Date.now();
    arrivals.arrived(id, batch, now);
    for (const fault of late(batch, now)) {
      observe({ type: 'fault', kind: fault.kind, count: fault.count, what: fault.what });
      logFault(fault, now);
    }
    return take(batch);
  };
  return { emit, late: walk.backfill(id), conditions: (news) => walk.conditions(id, news), observe };
}

const cannotBeAsked = (source: Source): Abilities => asking(source, () => ({ able: [], remote: undefined }));

function attempt<T>(work: () => T, failed: (err: unknown) => null): T | null {
  try {
    return work();
  } catch (err) {
    return failed(err);
  }
}

interface Seen {
  readonly source: Source;
  readonly points: Points;
  readonly plain: unknown;
  readonly link: Link;
}

const viewOf = ({ source, points, plain, link }: Seen, capabilities: readonly string[]): SourceView => ({
  ...{ id: source.id, name: source.name, protocol: source.protocol, enabled: source.enabled },
  endpoint: protocols[source.protocol as SourceProtocol].endpoint(plain),
  tags: points.length,
  capabilities: [...capabilities],
  ...(source.enabled ? linkView(link, Date.now()) : disabledView(link.startedAt)),
});
