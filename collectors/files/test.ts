import { access, constants, mkdir, stat } from 'node:fs/promises';
import type { TestStep } from '../collector.ts';
import { messageOf } from '../message-of.ts';
import { picker, readRecord, shown } from '../record.ts';
import { timeReader } from '../wall-time.ts';
import { sampleOf } from './browse.ts';
import type { Sample } from './browse.ts';
import { doneFolder, failedFolder } from './config.ts';
import { filesIn } from './folder.ts';
import type { FileSource } from './read.ts';
import { takersOf } from './takers.ts';

/** Looks into the folder and reads the beginning of the newest file, without moving anything. */
export async function test(source: FileSource, signal: AbortSignal): Promise<readonly TestStep[]> {
  const { config } = source;
  const steps: TestStep[] = [];
  const attempt = async (what: string, remedy: string, act: () => Promise<string>): Promise<boolean> => {
    try {
      steps.push({ what, ok: true, detail: await act() });
      return true;
    } catch (err) {
      steps.push({ what, ok: false, detail: messageOf(err), remedy });
      return false;
    }
  };
  const { folder } = config;
  const me = `Make ${folder} a folder of this machine that this program may read and write.`;
  if (!(await attempt('Look into the folder', me, () => lookInto(folder, config)))) return steps;
  const away = `Let this program write to ${folder}, and make folders for done and failed files that it may write to.`;
  if (
    !(await attempt('Move files away', away, () =>
      canMove([folder, doneFolder(config), failedFolder(config)]),
    ))
  )
    return steps;
  let sample: Sample | undefined;
  const format = 'Compare delimiter, quote, encoding, `skip` and `header` with the file.';
  const read = async () => {
    sample = await sampleOf(config, signal);
    return sample === undefined ? 'there is none yet' : describe(sample);
  };
  if (!(await attempt('Read the newest file', format, read)) || sample === undefined) return steps;
  const rows = sample;
  const remedy = 'Compare `timeColumn`, `time` and the addresses of the tags with the rows of the file.';
  await attempt('Find the tags in it', remedy, () => Promise.resolve(readSample(source, rows)));
  return steps;
}

async function lookInto(folder: string, config: FileSource['config']): Promise<string> {
  const found = await filesIn(config, folder);
  return `${found.length} files match ${config.match}`;
}

async function canMove(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    await mkdir(folder, { recursive: true });
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
    await access(folder, constants.W_OK | constants.X_OK);
  }
  return 'the folders can be written to';
}

const describe = ({ file, head, rows }: Sample): string =>
  `${file.name} begins with ${rows.length} rows${head.columns === undefined ? '' : ` of ${head.columns.length} columns: ${shown(head.columns.join(' | '))}`}`;

function readSample({ config, points }: FileSource, { head, rows, file }: Sample): string {
  const { wanted, without } = takersOf(points, config, head);
  const [lost] = without;
  if (lost !== undefined) throw new Error(`${lost.name}: ${file.name} has no ${lost.column}`);
  const faults: string[] = [];
  const pick = picker(wanted);
  const timeOf = timeReader(config.time);
  const fault = (_: unknown, what: string) => void faults.push(what);
  const readings = rows.flatMap(({ line, record, wrong }) => {
    const place = `line ${line}`;
    if (wrong !== undefined) faults.push(`${place} ${wrong}`);
    return wrong === undefined
      ? readRecord(pick(record), record, {
          now: Date.now(),
          decimal: config.csv.decimal,
          timeOf,
          place,
          fault,
        })
      : [];
  });
  if (faults.length > 0) throw new Error(`${faults.length} faults, the first: ${faults[0] ?? ''}`);
  const names = new Map(points.map(({ tag, name }) => [tag, name]));
  const last = [...new Map(readings.map((raw) => [raw.tag, raw])).values()].slice(0, 5);
  const shownLast = last.map(
    ({ tag, at, value }) => `${names.get(tag) ?? ''} ${String(value)} at ${new Date(at).toISOString()}`,
  );
  return `${readings.length} readings${shownLast.length === 0 ? '' : `: ${shownLast.join(', ')}`}`;
}
