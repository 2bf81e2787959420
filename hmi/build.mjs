// Builds the screens of both daemons into dist/hmi/gateway and dist/hmi/central.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const configFile = fileURLToPath(new URL('vite.config.ts', import.meta.url));
for (const mode of ['gateway', 'central']) {
  await build({ configFile, mode, logLevel: 'warn' });
}
