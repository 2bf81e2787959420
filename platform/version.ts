import { readFileSync } from 'node:fs';

/** From source, package.json is one folder up; compiled, two. */
const file = new URL(
  import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json',
  import.meta.url,
);

export const VERSION = (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
