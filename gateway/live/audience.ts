import type { TagId } from '../../history/reading.ts';
import type { LiveFeed } from '../../platform/web/rooms.ts';
import type { Socket } from '../../platform/web/server.ts';
import type { Feed } from './feed.ts';
import { createSubscriber } from './subscriber.ts';
import type { Subscriber } from './subscriber.ts';

/** The screens that are open: each socket has a subscriber of its own. */
export function audience(feed: Feed): LiveFeed {
  const subscribers = new Map<Socket, Subscriber>();

  return {
    watch(socket, tags) {
      const subscriber = subscribers.get(socket) ?? createSubscriber(feed, socket);
      subscribers.set(socket, subscriber);
      subscriber.watch(tags as readonly TagId[]);
    },
    closed(socket) {
      subscribers.get(socket)?.[Symbol.dispose]();
      subscribers.delete(socket);
    },
  };
}
