import type { Raw } from '../../../history/reading.ts';
import type { Point, Report } from '../../collector.ts';
import { ticks } from '../../ticks.ts';
import type { Message, Outgoing } from '../message.ts';
import type { Attended } from '../taker.ts';
import { rebirthCommand } from './command.ts';
import type { SparkplugAddress, SparkplugConfig } from './config.ts';
import { createHost, placeOf } from './host.ts';
import type { News } from './host.ts';
import type { Event } from './node.ts';
import type { Presence } from './presence.ts';
import type { Arrival, Readings } from './readings.ts';
import { parseTopic } from './topic.ts';
import type { Writing } from './writing.ts';

/** How often time is told to the state of the nodes: finer than any time-out of theirs. */
const TICK_MS = 250;

export interface Parts {
  readonly config: SparkplugConfig;
  readonly points: readonly Point<SparkplugAddress>[];
  readonly self: Presence;
  readonly readings: Readings;
  readonly writes: Writing;
  readonly report: Report;
}

/** What is known of the nodes, for as long as the link to the broker holds: without it births may be missed. */
export class Session {
  readonly host;
  readonly #parts: Parts;
  #link: Attended | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.host = createHost(parts.config.reorderMs);
  }

  publish(outgoing: Outgoing): Promise<void> {
    return this.#link?.publish(outgoing) ?? Promise.reject(new Error('The source is not connected.'));
  }

  decode({ topic, payload, at, retained }: Message): Raw[] {
    const { config } = this.#parts;
    const parsed = parseTopic(topic);
    if (parsed === undefined) return [];
    if (parsed.type === 'STATE') {
      if (parsed.host === config.host) this.#defend(payload);
      return [];
    }
    const ours = config.groups?.includes(parsed.group) ?? true;
    // Births and data are never retained (6.4): what a broker kept tells nothing of now.
    return ours && !retained ? this.#follow(this.host.receive(parsed, payload, at), at) : [];
  }

  /** Says that we are there, asks for births, and tells the time, until `signal` aborts; then says farewell. */
  async attend(link: Attended, signal: AbortSignal): Promise<void> {
    const { self, readings, points } = this.#parts;
    this.#link = link;
    try {
      const began = Date.now();
      // Until it is born nobody knows how a node is, and births are not retained.
      this.#hand(readings.gone(undefined, began));
      await link.publish(self.birth(began));
      for (const node of nodesOf(points)) this.#follow(this.host.ask(node, began), began);
      for await (const now of ticks(TICK_MS, signal)) {
        this.#hand(this.host.tick(now).flatMap((news) => this.#follow(news, now)));
      }
    } finally {
      this.#link = undefined;
    }
    // On a lost link nobody hears it: the broker then publishes our will.
    await link.publish(self.death(Date.now())).catch(() => undefined);
  }

  #follow({ node, events }: News, now: number): Raw[] {
    return events.flatMap((event) => this.#followOne(node, event, now));
  }

  #followOne(node: string, event: Event, now: number): Raw[] {
    const { readings, writes, report } = this.#parts;
    switch (event.type) {
      case 'value': {
        const arrival: Arrival = { ...event, place: placeOf(node, event.device) };
        writes.notice(arrival);
        return readings.of(arrival, now);
      }
      case 'death':
        return readings.gone(placeOf(node, event.device), now);
      case 'rebirth':
        this.#send(rebirthCommand(node, now));
        return [];
      case 'fault':
        report.fault('malformed', `${node.slice(0, 80)}: ${event.what}.`, event.remedy);
        return [];
    }
  }

  /** An old will of ours, or somebody else under our name, says that we are not there. */
  #defend(payload: Uint8Array): void {
    const answer = this.#parts.self.answer(payload);
    if (answer !== undefined && this.#link !== undefined) this.#send(answer);
  }

  #send(outgoing: Outgoing): void {
    this.publish(outgoing).catch((err: unknown) =>
      this.#parts.report.log.debug({ err, topic: outgoing.topic }, 'A message could not be sent.'),
    );
  }

  /** Not awaited: a batch that cannot be handed over ends the run by itself. */
  #hand(raws: readonly Raw[]): void {
    if (raws.length > 0) this.#link?.add(raws).catch(() => undefined);
  }
}

const nodesOf = (points: readonly Point<SparkplugAddress>[]): ReadonlySet<string> =>
  new Set(points.map(({ address }) => address.sparkplug.split('/').slice(0, 2).join('/')));
