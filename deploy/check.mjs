// `npm run check`: everything about our code that a tool can decide. Runs all checks and reports each that fails.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const checks = [
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
  ['types', 'tsc', '-p', '.'],
  ['types of the screens', 'tsc', '-p', 'hmi'],
  ['lint', 'eslint', '--cache', '--cache-location', 'node_modules/.cache/eslint/', '.'],
  [
    'who may import whom',
    'depcruise',
    '--config',
    '.dependency-cruiser.cjs',
    'platform',
    'history',
    'collectors',
    'forecasting',
    'sync',
    'gateway',
    'hmi',
    'deploy',
  ],
  ['unused code and packages', 'knip'],
  ['size of the screens', 'size-limit'],
];

const failed = [];
for (const [name, tool, ...args] of checks) {
  const started = Date.now();
  const { status } = spawnSync(
    `node_modules/.bin/${tool}`,
    args.filter((arg) => !/^[a-z]+$/.test(arg) || tool !== 'depcruise' || existsSync(arg)),
    { stdio: 'inherit' },
  );
  console.log(
    `${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  );
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`);
  process.exit(1);
}
