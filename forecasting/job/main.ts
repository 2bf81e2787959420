// A training as its own process: order and data in, artefact and manifest out. Exit 0, or one sentence on stderr and
// 64 (order or arguments), 65 (data), 73 (output), 70 (a fault of ours).
import { parseArgs } from 'node:util';
import { UnusableData } from '../series.ts';
import { train } from '../train.ts';
import { dataHashOf } from './hash.ts';
import { JobError, readData, readOrder } from './read.ts';
import { writeResult } from './write.ts';

const USAGE = 'Usage: main --order order.json --data data.json --output DIRECTORY';

function paths(): { order: string; data: string; output: string } {
  const options = {
    order: { type: 'string' },
    data: { type: 'string' },
    output: { type: 'string' },
  } as const;
  try {
    const { order, data, output } = parseArgs({ options }).values;
    if (order !== undefined && data !== undefined && output !== undefined) return { order, data, output };
  } catch (err) {
    throw new JobError(64, `${(err as Error).message} ${USAGE}`, { cause: err });
  }
  throw new JobError(64, USAGE);
}

async function main(): Promise<void> {
  const startedAt = new Date();
  const { order: orderPath, data: dataPath, output } = paths();
  const order = await readOrder(orderPath);
  const data = await readData(dataPath);
  await writeResult(output, train(order, data, dataHashOf(data)), startedAt);
}

function exitCodeOf(err: unknown): number {
  if (err instanceof JobError) return err.exitCode;
  return err instanceof UnusableData ? 65 : 70;
}

try {
  await main();
} catch (err) {
  process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n`);
  process.exitCode = exitCodeOf(err);
}
