import { parseArgs } from 'node:util';
import { JobError } from './read.ts';

const USAGE =
  'Usage: --order FILE --data FILE --output DIRECTORY [--fold K | --merge | --predict]. docs/training.md says more.';

/** `train` also trains one fold, where the order or `fold` names one. */
export interface Arguments {
  readonly mode: 'train' | 'merge' | 'predict';
  readonly order: string;
  readonly data: string;
  readonly output: string;
  readonly fold: number | null;
}

const options = {
  order: { type: 'string' },
  data: { type: 'string' },
  output: { type: 'string' },
  fold: { type: 'string' },
  merge: { type: 'boolean', default: false },
  predict: { type: 'boolean', default: false },
} as const;

/** Throws `JobError` with the exit code of wrong usage. */
export function argumentsOf(words: readonly string[]): Arguments {
  const { order, data, output, fold, merge, predict } = parsed(words);
  if (order === undefined || data === undefined || output === undefined)
    throw new JobError(64, `--order, --data and --output must be given. ${USAGE}`);
  if (Number(fold !== undefined) + Number(merge) + Number(predict) > 1)
    throw new JobError(64, `Only one of --fold, --merge and --predict can be asked for. ${USAGE}`);
  if (fold !== undefined && !/^\d{1,2}$/.test(fold))
    throw new JobError(64, `--fold must be the number of a fold, counted from 0; it is '${fold}'.`);
  const mode = merge ? 'merge' : predict ? 'predict' : 'train';
  return { mode, order, data, output, fold: fold === undefined ? null : Number(fold) };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options }).values;
  } catch (err) {
    throw new JobError(64, `${(err as Error).message} ${USAGE}`, { cause: err });
  }
}
