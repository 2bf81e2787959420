import type { ProtocolName } from '../../collectors/protocols.ts';
import type { Raw } from '../../history/reading.ts';
import type { Logger } from '../../platform/log.ts';
import { apart } from './apart.ts';
import { startHost } from './host.ts';
import type { Home, Host, StartHost } from './host.ts';
import type { GatewaySide } from './messages.ts';
import { unpack } from './packed.ts';

/** A source as its host knows it. */
export interface Guest {
  readonly id: number;
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly home: Home;
  /** Where it was started and has not been heard since; null: it was heard, or never started. */
  readonly startingIn: () => Host | null;
  readonly ears: GuestEars;
}

type Curried<Name extends 'log' | 'faults' | 'lost' | 'able' | 'conditions'> =
  Parameters<GatewaySide[Name]> extends [number, ...infer Rest]
    ? (...rest: Rest) => ReturnType<GatewaySide[Name]>
    : never;
/** What a source's driver says, without its number. */
export interface GuestEars {
  readonly emit: (batch: readonly Raw[], late: boolean) => Promise<void>;
  readonly log: Curried<'log'>;
  readonly faults: Curried<'faults'>;
  readonly lost: Curried<'lost'>;
  readonly able: Curried<'able'>;
  readonly conditions: Curried<'conditions'>;
}

/** Where a source runs. */
export interface Seat extends AsyncDisposable {
  /** The host that runs now, or a new one. */
  host(): Host;
}

/**
 * The hosts of all drivers. Sources of one protocol share a thread, for their libraries are large; those that crash in
 * threads share a process. A host that dies takes its sources with it until their own loops start them again, and
 * nothing else. Who breaks it again and again gets a host of its own.
 */
export interface Hosts extends AsyncDisposable {
  /** A host ends with the last seat in it. */
  take(guest: Guest): Seat;
}

const SET_APART =
  'These sources broke what they shared with others again and again, and are quarantined in a place of their own. Mend or stop them.';

interface Group {
  readonly guests: Map<number, Guest>;
  host: Host | undefined;
  /** Whether a host of this group has died. */
  broken: boolean;
}

/** Who lives with whom: by protocol and kind of host, but for those that were set apart. */
function housing() {
  const groups = new Map<string, Group>();
  const placed = new Map<number, string>();
  let rooms = 0;

  const groupOf = ({ id, protocol, home }: Guest): Group => {
    const key = placed.get(id) ?? `${protocol} ${home}`;
    const group = groups.get(key) ?? { guests: new Map<number, Guest>(), host: undefined, broken: false };
    groups.set(key, group);
    return group;
  };
  return {
    groupOf,
    enter: (guest: Guest) => void groupOf(guest).guests.set(guest.id, guest),
    /** Moves guests of a group into a room of their own. */
    setApart(guests: readonly Guest[], from: Group) {
      const room = `apart ${++rooms}`;
      for (const guest of guests) {
        from.guests.delete(guest.id);
        placed.set(guest.id, room);
        groupOf(guest).guests.set(guest.id, guest);
      }
    },
    /** Settles with the host that nobody needs any more. */
    leave(guest: Guest): Host | undefined {
      const group = groupOf(guest);
      group.guests.delete(guest.id);
      placed.delete(guest.id);
      if (group.guests.size > 0) return undefined;
      for (const [key, one] of groups) if (one === group) groups.delete(key);
      return takeHost(group);
    },
    /** Every host, none of which is anybody's from now on. */
    empty: (): Host[] => [...groups.values()].flatMap((group) => takeHost(group) ?? []),
  };
}

function takeHost(group: Group): Host | undefined {
  const { host } = group;
  group.host = undefined;
  return host;
}

/** Hands what a host says to the ears of the source that it is about. */
const switchboard = (ears: ReadonlyMap<number, GuestEars>): Omit<GatewaySide, 'blame'> => ({
  emit: (id, batch, late) => ears.get(id)?.emit(unpack(batch), late) ?? Promise.resolve(),
  log: (id, line) => ears.get(id)?.log(line),
  faults: (id, faults) => ears.get(id)?.faults(faults),
  lost: (id, loss) => ears.get(id)?.lost(loss),
  able: (id, capabilities) => ears.get(id)?.able(capabilities),
  conditions: (id, news) => ears.get(id)?.conditions(news) ?? Promise.resolve(),
});

export function createHosts(log: Logger, start: StartHost = startHost): Hosts {
  const ears = new Map<number, GuestEars>();
  const mine = switchboard(ears);
  const policy = apart();
  const houses = housing();

  const mourn = (group: Group, host: Host, { reason, blamed }: Awaited<Host['ended']>) => {
    if (group.host !== host) return;
    group.host = undefined;
    group.broken = true;
    const guests = [...group.guests.values()];
    const starting = guests.filter(({ startingIn }) => startingIn() === host).map(({ id }) => id);
    const out = policy.died({ blamed, starting, all: [...group.guests.keys()] }, Date.now());
    const culprit = guests.find(({ id }) => id === blamed)?.name ?? null;
    log.warn(
      { err: reason, sources: guests.length, culprit },
      'What drivers run in has ended; their sources are started again.',
    );
    if (out.length === 0) return;
    const moving = guests.filter(({ id }) => out.includes(id));
    houses.setApart(moving, group);
    log.error({ sources: moving.map(({ name }) => name) }, SET_APART);
  };
  const hostOf = (guest: Guest): Host => {
    const group = houses.groupOf(guest);
    if (group.host !== undefined) return group.host;
    const { protocol, home } = guest;
    const host = start(protocol, home, { protocol, traces: group.broken }, mine);
    void host.ended.then((end) => mourn(group, host, end));
    return (group.host = host);
  };
  return {
    take(guest) {
      houses.enter(guest);
      ears.set(guest.id, guest.ears);
      return {
        host: () => hostOf(guest),
        async [Symbol.asyncDispose]() {
          ears.delete(guest.id);
          policy.forget(guest.id);
          await houses.leave(guest)?.[Symbol.asyncDispose]();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(houses.empty().map((host) => host[Symbol.asyncDispose]()));
    },
  };
}
