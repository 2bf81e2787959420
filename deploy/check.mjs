// `npm run check`: everything about our code that a tool can decide. Runs all checks and reports each that fails.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The longest first: the others find their place beside it. */
const checks = [
  ['lint', 'eslint', '--cache', '--cache-location', 'node_modules/.cache/eslint/', '.'],
  ['types', 'tsc', '-p', '.'],
  ['format', 'prettier', '--check', '--log-level', 'warn', '.'],
  ['types of the screens', 'tsc', '-p', 'hmi'],
  ['unused code and packages', 'knip'],
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
  ['size of the screens', 'size-limit'],
];

/** Runs a tool to its end; settles with whether it was content, and prints all it said at once. */
const run = ([name, tool, ...args]) =>
  new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(
      `node_modules/.bin/${tool}`,
      args.filter((arg) => !/^[a-z]+$/.test(arg) || tool !== 'depcruise' || existsSync(arg)),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const said = [];
    child.stdout.on('data', (piece) => said.push(piece));
    child.stderr.on('data', (piece) => said.push(piece));
    child.on('error', (err) => said.push(Buffer.from(`${err.message}\n`)));
    child.on('close', (code) => {
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      process.stdout.write(Buffer.concat(said));
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      resolve(code === 0);
    });
  });

const waiting = [...checks];
const failed = [];
async function worker() {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift())
    if (!(await run(check))) failed.push(check[0]);
}
await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker));
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`);
  process.exit(1);
}
