import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const inflate = promisify(gunzip);
const faults = ['d01', 'd02', 'd04', 'd05'] as const;
export type Fault = (typeof faults)[number];
export type Row = readonly number[];

/** The replayed test sets: 960 rows of 52 values each. A fault's own rows begin at index 160. */
export interface Records {
  readonly normal: readonly Row[];
  readonly faults: Readonly<Record<Fault, readonly Row[]>>;
}

const RECORDS_FOLDER = join(import.meta.dirname, 'te');

export async function readRecords(folder = RECORDS_FOLDER): Promise<Records> {
  const [normal, d01, d02, d04, d05] = await Promise.all(
    (['d00', ...faults] as const).map((name) => readTable(join(folder, `${name}_te.dat.gz`))),
  );
  if (!normal || !d01 || !d02 || !d04 || !d05) throw new Error(`Records are missing in ${folder}.`);
  return { normal, faults: { d01, d02, d04, d05 } };
}

async function readTable(path: string): Promise<Row[]> {
  const text = (await inflate(await readFile(path))).toString('latin1').trim();
  return text.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
}
