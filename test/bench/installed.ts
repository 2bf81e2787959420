import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The package as it is installed, in a folder: compiled, without its source. Settles with its program. */
export async function installed(folder: string): Promise<string> {
  await mkdir(join(folder, 'deploy'), { recursive: true });
  await promisify(execFile)(process.execPath, [join(root, 'deploy/build.mjs'), join(folder, 'dist')]);
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  await cp(join(root, 'deploy/penstock.mjs'), join(folder, 'deploy/penstock.mjs'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'deploy/penstock.mjs');
}

/** As systemd starts the gateway. */
export async function nodeOptions(): Promise<string> {
  const unit = await readFile(join(root, 'systemd/penstock-gateway.service'), 'utf8');
  return /^Environment="NODE_OPTIONS=(.*)"$/m.exec(unit)?.[1] ?? '';
}

/** How many readings a gateway has stored since its start. */
export async function stored(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^penstock_readings_stored (\d+)/m.exec(text)?.[1]);
}
