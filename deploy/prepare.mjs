// Makes a bare clone ready to run: installs packages and builds the screens, each only where it is stale.
// Plain Node, because nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const marks = join(root, 'node_modules', '.cache', 'penstock');

/** A digest of these files and of all files in these folders. */
function digest(paths) {
  const hash = createHash('sha256').update(process.versions.modules);
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    hash.update(path).update(readFileSync(full));
  };
  for (const path of paths) {
    const full = join(root, path);
    const inside =
      existsSync(full) && !/\.\w+$/.test(path)
        ? readdirSync(full, { recursive: true, withFileTypes: true })
        : null;
    if (inside === null) add(path);
    else {
      const files = inside
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      for (const file of files.sort()) add(file.slice(root.length));
    }
  }
  return hash.digest('hex');
}

/** Runs a step unless it has run for just these files and its result is there. */
function step(name, { inputs, result, command }) {
  const mark = join(marks, name);
  const now = digest(inputs);
  if (existsSync(join(root, result)) && existsSync(mark) && readFileSync(mark, 'utf8') === now) return;
  const started = Date.now();
  console.log(`Preparing: ${name} …`);
  const { status } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) {
    console.error(
      `Preparing failed: ${name}. '${command.join(' ')}' ended with ${status}; see its message above.`,
    );
    process.exit(1);
  }
  mkdirSync(marks, { recursive: true });
  writeFileSync(mark, now);
  console.log(`Prepared: ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Penstock needs Node 20.19 or later; this is ${process.versions.node}.`);
  process.exit(1);
}

step('packages', {
  inputs: ['package.json', 'package-lock.json', '.npmrc'],
  result: 'node_modules/.package-lock.json',
  command: ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
});
step('screens', {
  inputs: ['hmi', 'history/frame.ts', 'history/reading.ts', 'package-lock.json'],
  result: 'dist/hmi/gateway/index.html',
  command: ['node', 'hmi/build.mjs'],
});
