import type { Source } from './tag.ts';
import { protocols } from './protocols.ts';
import { withoutSecrets } from './secrets.ts';

interface Listener {
  readonly source: string;
  readonly host: string;
  readonly port: number;
}

/** Where sources wait for their devices to come, those that are switched on. */
export const listenersOf = (
  sources: readonly Pick<Source, 'name' | 'protocol' | 'config' | 'enabled'>[],
): Listener[] =>
  sources
    .filter(({ enabled }) => enabled)
    .flatMap(({ name, protocol, config }) => {
      const known = protocols[protocol as keyof typeof protocols];
      const { data, success } = known.config.safeParse(withoutSecrets(config));
      const places = success ? (known.listens?.(data) ?? []) : [];
      return places.map((place) => ({ source: name, ...place }));
    });
