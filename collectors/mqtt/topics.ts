import type { TagId } from '../../history/reading.ts';
import type { Plan, Report } from '../collector.ts';
import { resolve } from './address.ts';
import type { MqttAddress, Resolved } from './address.ts';
import type { MqttConfig } from './config.ts';
import { decoder } from './decode.ts';
import { explorer } from './explore.ts';
import { covers } from './filter.ts';
import type { Message, Publish } from './message.ts';
import { seen } from './seen.ts';
import type { Taker } from './taker.ts';
import { writing } from './write.ts';

export interface Topics extends Taker {
  /** For browsing only: a message that is no reading. */
  overhear(message: Message): void;
}

/** The taker of all topics that no other takes: by the addresses of the tags, and by what was heard. */
export function topics(
  plan: Plan<MqttConfig, MqttAddress>,
  others: readonly Taker[],
  report: Report,
): Topics {
  const { config } = plan;
  const points = plan.points.filter(({ tag }) => !others.some((taker) => taker.owns?.(tag) === true));
  const addresses = new Map<TagId, Resolved>();
  for (const { tag, address } of points) {
    const resolved = resolve(address, config.mappings);
    if (typeof resolved !== 'string') addresses.set(tag, resolved);
  }
  const messages = decoder(points, config.mappings, report);
  const heard = seen();
  const explore = explorer(heard, config.mappings);
  const writes = writing(addresses);
  let publish: Publish | undefined;

  return {
    topics: messages.topics,
    takes: () => true,
    decode(message) {
      heard.note(message);
      const readings = messages.decode(message);
      writes.notice(readings);
      return readings;
    },
    overhear(message) {
      if (!messages.topics.some((filter) => covers(filter, message.topic))) heard.note(message);
    },
    owns: (tag) => addresses.has(tag),
    browse: (request) => Promise.resolve(explore(request)),
    async attend(link, signal) {
      publish = link.publish;
      await new Promise<void>((settle) => {
        if (signal.aborted) settle();
        signal.addEventListener('abort', () => settle(), { once: true });
      });
      publish = undefined;
    },
    async write(orders, signal) {
      const outcomes = [];
      for (const order of orders) {
        if (publish === undefined) throw new Error('There is no link to the broker: nothing more was sent.');
        outcomes.push(await writes.write(order, publish, signal));
      }
      return outcomes;
    },
  };
}
