// The training program, a process of its own: order and data in, a result and its manifest out. docs/training.md is its
// contract. Exit 0, or one sentence on stderr and 64 (order or arguments), 65 (data), 66 (too few folds), 73 (output),
// 85 (stopped by a signal; started again it goes on), 70 (a fault of ours).
import { stopSignal, Stopped } from './stop.ts';
import { UnusableData } from '../series.ts';
import { argumentsOf } from './arguments.ts';
import { runMerge } from './merge.ts';
import { runPrediction } from './prediction.ts';
import { JobError, readData, readOrder, readPredictionOrder } from './read.ts';
import { runTraining } from './training.ts';

async function main(words: readonly string[]): Promise<void> {
  const startedAt = new Date();
  const { mode, order: path, data: dataPath, output, fold } = argumentsOf(words);
  if (mode === 'predict') {
    const order = await readPredictionOrder(path);
    return runPrediction({ order, data: await readData(dataPath), output, startedAt });
  }
  const given = await readOrder(path);
  const order = fold === null ? given : { ...given, fold };
  const work = { order, data: await readData(dataPath), output, startedAt };
  await (mode === 'merge' ? runMerge(work) : runTraining(work, stopSignal));
}

function exitCodeOf(err: unknown): number {
  if (err instanceof JobError) return err.exitCode;
  if (err instanceof Stopped) return 85;
  return err instanceof UnusableData ? 65 : 70;
}

try {
  await main(process.argv.slice(2));
} catch (err) {
  process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n`);
  process.exitCode = exitCodeOf(err);
}
