import { asking } from './asking.ts';
import { Order } from './order.ts';
import type { Payload } from './schema.ts';
import type { NodeTopic } from './topic.ts';
import { born, died, newUnit, told } from './unit.ts';
import type { Told, Unit } from './unit.ts';

/** What follows from a message of a node, or from time. `device` is undefined where it is about the node itself. */
export type Event =
  | {
      readonly type: 'value';
      readonly device: string | undefined;
      readonly told: Told;
      readonly birth: boolean;
      /** Belongs to the past: it must not be shown as the newest. */
      readonly late: boolean;
    }
  /** All its metrics are stale from now on. */
  | { readonly type: 'death'; readonly device: string | undefined }
  /** The node is to be asked for its births. */
  | { readonly type: 'rebirth' }
  | { readonly type: 'fault'; readonly what: string; readonly remedy: string };

export interface Mail extends Pick<NodeTopic, 'type' | 'device'> {
  readonly payload: Payload;
}

/** More are not followed: a node could name a million. */
const MOST_DEVICES = 2_000;
/** After the birth of a node that was not away its devices are born at once; until then they count as alive. */
const DEVICES_FOLLOW_MS = 5_000;

/** An edge node with its devices, as a host has to see it (Sparkplug 3.0, 5.4 to 5.12). */
export class EdgeNode {
  /** The node itself under undefined. */
  readonly units = new Map<string | undefined, Unit>();
  readonly #order: Order<Mail>;
  readonly #requests = asking();
  #life: 'unknown' | 'alive' | 'dead' = 'unknown';
  #bdSeq: number | undefined;

  constructor(reorderMs: number) {
    this.#order = new Order(reorderMs);
  }

  receive(mail: Mail, now: number): readonly Event[] {
    const { type } = mail;
    if (type === 'NBIRTH') return this.#nodeBirth(mail, now);
    if (type === 'NDEATH') return this.#nodeDeath(mail, now);
    return type === 'NCMD' || type === 'DCMD' ? [] : this.#inTurn(mail, now);
  }

  /** What is due: messages that waited for a missing one, devices that did not follow their node, a request. */
  tick(now: number): readonly Event[] {
    const overdue = [...this.units].filter(([, { dueBy }]) => dueBy <= now);
    const ended = overdue.flatMap(([device]) => this.#end(device));
    const again: Event[] = this.#requests.due(now) ? [{ type: 'rebirth' }] : [];
    return [...this.#expire(now), ...ended, ...again];
  }

  /** Asks for the births, as often as may be. */
  ask(now: number): Event[] {
    return this.#requests.wanted(now) ? [{ type: 'rebirth' }] : [];
  }

  #nodeBirth(mail: Mail, now: number): Event[] {
    const before = this.#handle(this.#order.release(), now);
    const bdSeq = bdSeqOf(mail.payload);
    const again = this.#life === 'alive' && bdSeq === this.#bdSeq;
    this.#life = 'alive';
    this.#bdSeq = bdSeq;
    this.#order.begin(Number(mail.payload.seq ?? 0) & 0xff);
    this.#requests.answered();
    return [...before, ...this.#devicesMustFollow(again, now), ...this.#birth(mail)];
  }

  /** The birth of a node takes its devices with it (5.4): at once if it was away, else if they do not follow. */
  #devicesMustFollow(again: boolean, now: number): Event[] {
    const devices = [...this.units].filter(([device, { online }]) => device !== undefined && online);
    if (!again) return devices.flatMap(([device]) => this.#end(device));
    for (const [, unit] of devices) unit.dueBy = now + DEVICES_FOLLOW_MS;
    return [];
  }

  /** The death of an earlier session may arrive after the birth of the next one: the numbers tell (5.5). */
  #nodeDeath({ payload }: Mail, now: number): Event[] {
    const bdSeq = bdSeqOf(payload);
    const known = this.#life === 'alive' && this.#bdSeq !== undefined && bdSeq !== undefined;
    if (known && bdSeq !== this.#bdSeq) return [];
    const before = this.#handle(this.#order.release(), now);
    this.#order.end();
    this.#life = 'dead';
    return [...before, ...[...this.units.keys()].flatMap((device) => this.#end(device))];
  }

  #inTurn(mail: Mail, now: number): Event[] {
    const { seq } = mail.payload;
    if (seq === undefined || seq > 255) return this.#handle([mail], now);
    return [...this.#handle(this.#order.accept(Number(seq), mail, now), now), ...this.#expire(now)];
  }

  #expire(now: number): Event[] {
    if (!this.#order.isOverdue(now)) return [];
    const mails = this.#order.release();
    const what = `Messages are missing before sequence number ${String(mails[0]?.payload.seq)}`;
    const remedy =
      'Look at the node and its link to the broker: messages are lost there, or overtake each other.';
    return [{ type: 'fault', what, remedy }, ...this.#handle(mails, now), ...this.ask(now)];
  }

  #handle(mails: readonly Mail[], now: number): Event[] {
    return mails.flatMap((mail) => {
      if (mail.type === 'DDEATH') return this.#end(mail.device);
      if (mail.type !== 'DBIRTH') return this.#data(mail, now);
      return [...this.#birth(mail), ...(this.#life === 'alive' ? [] : this.ask(now))];
    });
  }

  #birth({ device, payload }: Mail): Event[] {
    const known = this.units.get(device);
    if (known === undefined && device !== undefined && this.units.size > MOST_DEVICES) return [tooMany];
    const unit = known ?? newUnit();
    this.units.set(device, unit);
    const { values, twice } = born(unit, payload);
    return [
      ...twice.slice(0, 1).map(aliasFault),
      ...values.map((one): Event => ({
        ...{ type: 'value', device, told: one, birth: true },
        late: one.historical,
      })),
    ];
  }

  /** What cannot be understood without a birth is asked for; what describes itself is used, though it breaks the rules. */
  #data({ device, payload }: Mail, now: number): Event[] {
    const unit = this.units.get(device);
    const { values, unknown } = told(unit ?? newUnit(), payload);
    const usual = this.#life === 'alive' && unit?.online === true && unknown === 0;
    const dead = this.#life === 'dead';
    return [
      ...values.map((one): Event => ({
        ...{ type: 'value', device, told: one, birth: false },
        late: dead || one.historical,
      })),
      ...(usual ? [] : this.ask(now)),
    ];
  }

  #end(device: string | undefined): Event[] {
    const unit = this.units.get(device);
    if (unit?.online !== true) return [];
    died(unit);
    return [{ type: 'death', device }];
  }
}

const tooMany: Event = {
  type: 'fault',
  what: `More than ${MOST_DEVICES} devices are born at this node; the others are not followed`,
  remedy: 'Look at the node: do its devices change their names?',
};

const aliasFault = (name: string): Event => ({
  type: 'fault',
  what: `The metric '${name.slice(0, 80)}' has an alias that another metric of the same birth has too`,
  remedy: 'Give each metric of the node an alias of its own, or none: by it only the last one can be told.',
});

/** The number by which a death is matched with its birth (5.4.1); sent as Int64, by some as UInt64. */
function bdSeqOf({ metrics }: Payload): number | undefined {
  const wire = metrics.find(({ name }) => name === 'bdSeq')?.value;
  return wire?.in === 'long' || wire?.in === 'int' ? Number(wire.value) : undefined;
}
