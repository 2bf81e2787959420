import type { User } from './config.ts';
import { covers } from './filter.ts';

/** What one client of a user may do. */
export interface Rights {
  readonly user: User;
  mayPublish(topic: string): boolean;
  /** Topics that begin with $ only where a filter of the user names them: `#` does not (MQTT 3.1.1, 4.7.2). */
  maySubscribe(filter: string): boolean;
}

export function rightsOf(user: User, clientId: string): Rights {
  const own = (filters: readonly string[]) =>
    filters.flatMap((filter) => filled(filter, user.name, clientId));
  const publish = own(user.publish);
  const subscribe = own(user.subscribe);
  const anything = publish.includes('#');
  return {
    user,
    mayPublish: (topic) =>
      !topic.startsWith('$') && (anything || publish.some((filter) => covers(filter, topic))),
    maySubscribe: (filter) => subscribe.some((wide) => covers(wide, filter)),
  };
}

/** A name that would be more than one level, or a wildcard, has no right by it. */
function filled(filter: string, user: string, clientId: string): string[] {
  const names = [filter.includes('%u') ? user : '', filter.includes('%c') ? clientId : ''];
  if (names.some((name) => /[+#/\0]/.test(name))) return [];
  return [filter.replaceAll('%u', () => user).replaceAll('%c', () => clientId)];
}
