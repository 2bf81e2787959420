import { join } from 'node:path';
import type { Schemas } from '../../collectors/protocols.ts';
import { SecretName } from '../../platform/config.ts';
import { protocols } from './protocols.ts';
import type { SourceProtocol } from './protocols.ts';
import type { Source } from './tag.ts';

/** A secret that a source names is nowhere to be found. */
export class SecretMissing extends Error {
  override name = 'SecretMissing';
}

type Path = readonly (string | number)[];
type Settings = Pick<Source, 'protocol' | 'config'>;

/** A source's configuration, with what `find` answers in the place of each `{ secret: name }` that may stand there. */
export const withSecrets = ({ protocol, config }: Settings, find: (name: string) => string): unknown =>
  replaced(config, (secret, path) => (mayBeSecret(protocol, path) ? find(secret) : { secret }));

/** The same with something in the place of every secret: to look at, not to connect by. */
export const withoutSecrets = (config: unknown): unknown => replaced(config, () => 'not needed here');

/** Where a secret is named but would be shown: in an address, a topic, a name. */
export function strayedSecrets({ protocol, config }: Settings): Path[] {
  const found: Path[] = [];
  replaced(config, (_, path) => {
    if (!mayBeSecret(protocol, path)) found.push(path);
  });
  return found;
}
export const STRAYED =
  'a secret cannot be named here, where it would be shown; write the value, or put the secret where a password belongs';

function replaced(config: unknown, by: (name: string, path: Path) => unknown, path: Path = []): unknown {
  const named = SecretName.safeParse(config);
  if (named.success) return by(named.data.secret, path);
  if (Array.isArray(config)) return config.map((item, i) => replaced(item, by, [...path, i]));
  if (typeof config !== 'object' || config === null) return config;
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, replaced(value, by, [...path, key])]),
  );
}

function mayBeSecret(protocol: string, path: Path): boolean {
  const { secrets = [] }: Schemas = protocols[protocol as SourceProtocol];
  return secrets.some((place) => {
    const keys = place.split('.');
    return keys.length === path.length && keys.every((key, i) => key === '*' || key === path[i]);
  });
}

interface SecretPlaces {
  readonly dataFolder: string;
  readonly findSecret: (name: string) => string | undefined;
}

/** Finds a secret, or says where to put it. */
export const secretsOf =
  ({ findSecret, dataFolder }: SecretPlaces) =>
  (name: string): string => {
    const secret = findSecret(name);
    if (secret !== undefined) return secret;
    throw new SecretMissing(
      `The secret '${name}' is missing: write it to ${join(dataFolder, 'secrets', name)} (mode 600), or set PENSTOCK_SECRET_${name.toUpperCase().replaceAll('-', '_')}.`,
    );
  };

/** Where passwords and private keys stand in the open: the plant model is shown, exported and sent about, so it must not hold any. */
export function openPasswords(
  config: unknown,
  path: readonly (string | number)[] = [],
): (string | number)[][] {
  if (typeof config !== 'object' || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) => {
    const here = [...path, Array.isArray(config) ? Number(key) : key];
    return isOpen(key, value) ? [here] : openPasswords(value, here);
  });
}

const isOpen = (key: string, value: unknown): boolean =>
  typeof value === 'string' && (key === 'password' || /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value));
