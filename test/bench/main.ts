import os from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { historyBench } from './history.ts';
import { ingestBench } from './ingest.ts';
import { liveBench } from './live.ts';
import { mqttBench } from './mqtt-bench.ts';
import { modbusBench } from './modbus.ts';
import { opcuaBench } from './opcua.ts';
import { rollupBench } from './rollup.ts';
import { siteBench } from './site.ts';
import { slurmBench } from './slurm.ts';
import { startBench } from './start.ts';
import { syncBench } from './sync.ts';
import { trainBench } from './train.ts';

const benches: readonly Bench[] = [
  ingestBench,
  historyBench,
  liveBench,
  modbusBench,
  opcuaBench,
  mqttBench,
  startBench,
  rollupBench,
  siteBench,
  syncBench,
  trainBench,
  slurmBench,
];

const USAGE = `npm run bench -- NAME [options]

  --list            the benchmarks there are
  --json            the result as one line of JSON, the last one
  --database URL    where to measure: postgres://... (a database of its own is made there), or embedded (default)
  --seconds N       about how long to measure (default 20)
  --tags N          how many tags, where a benchmark lets one choose
  --days N          how many days of readings, where a benchmark lets one choose
  --file PATH       data to measure with, where a benchmark can be given some
`;

const say = (line: string) => process.stderr.write(`${line}\n`);

const number = (text: string | undefined) =>
  text === undefined ? undefined : Math.max(1, Number(text) || 1);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      database: { type: 'string', default: 'embedded' },
      seconds: { type: 'string', default: '20' },
      tags: { type: 'string' },
      days: { type: 'string' },
      file: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  });
  if (values.list) {
    for (const { name, summary } of benches) process.stdout.write(`${name.padEnd(12)} ${summary}\n`);
    return 0;
  }
  const bench = benches.find(({ name }) => name === positionals[0]);
  const seconds = Number(values.seconds);
  if (values.help || bench === undefined || !(seconds > 0)) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 64;
  }
  const result = await bench.run({
    database: values.database,
    seconds,
    tags: number(values.tags),
    days: number(values.days),
    file: values.file,
    say,
  });
  const machine = { node: process.version, cpus: os.availableParallelism(), load: os.loadavg()[0] };
  const { name, unit, value, reference, ratio, conditions } = result;
  say(`${name}: ${value} ${unit}; ${reference.name}: ${reference.value}; ratio ${ratio}`);
  if (values.json)
    process.stdout.write(`${JSON.stringify({ ...result, conditions: { ...conditions, ...machine } })}\n`);
  return 0;
}

process.exitCode = await main();
