import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Manifest } from '../artefact.ts';
import type { JobOrder } from '../artefact.ts';
import { Fold, mergeFolds, quorumOf } from '../folds.ts';
import { known } from '../series.ts';
import { usableValues } from '../train.ts';
import { dataHashOf, sha256 } from './hash.ts';
import { JobError } from './read.ts';
import { folderOfFold, foldsOf, parametersOf } from './training.ts';
import type { Work } from './training.ts';
import { writeResult } from './write.ts';

/** Makes the model of an order out of its folds. Throws `JobError` where fewer of them are whole than the quorum. */
export async function runMerge({ order, data, output, startedAt }: Work): Promise<void> {
  const { id, settings, tag } = order;
  const values = usableValues(order, data);
  const dataHash = dataHashOf(data);
  const folds = await wholeFolds(order, dataHash, output);
  const document = {
    format: 'penstock-model/1',
    ...{ id, tag, settings, dataHash },
    ...mergeFolds(folds, values, settings),
    trainedOn: {
      from: data.start,
      to: data.start + data.values.length * data.stepMs,
      rows: known(data.values),
    },
  };
  const about = { order: id, metrics: document.metrics, dataHash, parameters: parametersOf(order) };
  await writeResult(output, { name: 'artefact.json', document, about }, startedAt);
}

/** The folds that can be relied on, oldest first. */
async function wholeFolds(order: JobOrder, dataHash: string, output: string): Promise<Fold[]> {
  const folds = foldsOf(order);
  const looks = Array.from({ length: folds }, (_, fold) => readFold(folderOfFold(output, fold)));
  const whole: Fold[] = [];
  const faults: string[] = [];
  for (const [n, look] of (await Promise.allSettled(looks)).entries()) {
    const fault =
      look.status === 'rejected' ? String(look.reason) : faultOf(look.value, { order, dataHash, n });
    if (look.status === 'fulfilled' && fault === null) whole.push(look.value);
    else faults.push(`fold ${n}: ${fault ?? ''}`);
  }
  const quorum = quorumOf(folds, order.quorum);
  if (whole.length < quorum)
    throw new JobError(
      66,
      `${whole.length} of ${folds} folds are whole, ${quorum} are needed. ${faults.join('; ')}.`,
    );
  return whole;
}

function faultOf(
  fold: Fold,
  { order, dataHash, n }: { order: JobOrder; dataHash: string; n: number },
): string | null {
  if (fold.order !== order.id) return `it is of the order ${fold.order}`;
  if (fold.dataHash !== dataHash) return 'it was trained on other data';
  if (fold.fold !== n || fold.folds !== order.folds) return `it is fold ${fold.fold} of ${fold.folds}`;
  return fold.learned.kind === order.kind ? null : `it is a model of kind ${fold.learned.kind}`;
}

/** Rejects where the manifest does not vouch for it. */
async function readFold(directory: string): Promise<Fold> {
  const manifest = Manifest.parse(JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')));
  const listed = manifest.files.find(({ name }) => name === 'fold.json');
  const bytes = await readFile(join(directory, 'fold.json'));
  if (sha256(bytes) !== listed?.sha256) throw new Error('fold.json is not the one that its manifest lists');
  return Fold.parse(JSON.parse(bytes.toString()));
}
