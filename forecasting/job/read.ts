import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { JobData, JobOrder } from '../artefact.ts';
import { PredictionOrder } from '../period.ts';
import type { Series } from '../series.ts';

/** The job cannot be done as it was given. `exitCode` as in sysexits.h: 64 usage, 65 data, 66 no input, 73 cannot create. */
export class JobError extends Error {
  override name = 'JobError';
  readonly exitCode: 64 | 65 | 66 | 73;

  constructor(exitCode: 64 | 65 | 66 | 73, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export const readOrder = (path: string): Promise<JobOrder> => read(path, JobOrder, 64);

export const readPredictionOrder = (path: string): Promise<PredictionOrder> =>
  read(path, PredictionOrder, 64);

export async function readData(path: string): Promise<Series> {
  const { start, stepMs, values } = await read(path, JobData, 65);
  return { start, stepMs, values: Float64Array.from(values, (value) => value ?? NaN) };
}

async function read<T>(path: string, schema: z.ZodType<T>, exitCode: 64 | 65): Promise<T> {
  const document = await parse(path, exitCode);
  const { data, error } = schema.safeParse(document);
  if (data !== undefined) return data;
  const faults =
    error?.issues.map(({ path: at, message }) => `${at.join('.') || 'document'}: ${message}`) ?? [];
  const more = faults.length > 3 ? ` (and ${faults.length - 3} more faults)` : '';
  throw new JobError(exitCode, `${path} does not fit its schema: ${faults.slice(0, 3).join('; ')}${more}.`);
}

async function parse(path: string, exitCode: 64 | 65): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (err) {
    const reason = err instanceof Error ? err.message : String(err);
    throw new JobError(exitCode, `${path} cannot be read as JSON: ${reason}.`, { cause: err });
  }
}
