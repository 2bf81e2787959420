// `npm run build`: compiles to dist/, and lays SQL, bootstraps and other files that are not compiled beside it.
// `node deploy/build.mjs FOLDER TSCONFIG` does so elsewhere, and with more in it.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['platform', 'history', 'collectors', 'forecasting', 'sync', 'gateway', 'deploy'];
const kept = /\.(sql|yaml|gz|txt|md)$|thread\.mjs$|penstock\.mjs$/;

const [out = join(root, 'dist'), project = 'tsconfig.build.json'] = process.argv.slice(2);
const { status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', project, '--outDir', out], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

for (const folder of folders) {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !kept.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name).slice(root.length);
    cpSync(join(root, path), join(out, path));
  }
}

// The training program as one file, in place of its compiled entry: what runs here is what is sent to a cluster.
const program = join(out, 'forecasting/job/main.js');
rmSync(`${program}.map`, { force: true });
const bundled = spawnSync(process.execPath, [join(root, 'deploy/program.mjs'), program], {
  stdio: 'inherit',
});
process.exitCode = bundled.status ?? 1;
