import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import type { TestContext } from 'vitest';
import { Manifest } from '../../forecasting/artefact.ts';
import type { JobData, ManifestNow } from '../../forecasting/artefact.ts';
import { trainingProgram } from '../../sync/central/program.ts';

/** What the data of a job looks like, of values on a grid of minutes. */
export const jobData = (values: Iterable<number | null>): JobData => ({
  start: 1_700_000_040_000,
  stepMs: 60_000,
  values: [...values],
});

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A folder with nothing in it but the program's one file, run with an empty environment. */
export async function aProgramAlone({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-program-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { hash, bytes } = await trainingProgram();
  writeFileSync(join(folder, 'program.mjs'), bytes);
  const path = (name: string) => join(folder, name);

  const start = (...words: string[]): { child: ChildProcess; ended: Promise<Ended> } => {
    const files = ['--order', 'order.json', '--data', 'data.json'];
    const child = spawn(process.execPath, ['program.mjs', ...files, ...words], {
      cwd: folder,
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = Promise.all([once(child, 'close'), text(child.stderr)]).then(
      ([[code, signal], stderr]) => ({
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        stderr,
      }),
    );
    return { child, ended };
  };

  return {
    hash,
    give(order: object, data: JobData) {
      writeFileSync(path('order.json'), JSON.stringify(order));
      writeFileSync(path('data.json'), JSON.stringify(data));
    },
    start,
    run: (...words: string[]) => start(...words).ended,
    write: (name: string, content: string | Uint8Array) => writeFileSync(path(name), content),
    read: (name: string) => readFileSync(path(name)),
    json: (name: string) => JSON.parse(readFileSync(path(name), 'utf8')) as unknown,
    files: (name: string) => readdirSync(path(name)).sort(),
    remove: (name: string) => rmSync(path(name), { recursive: true }),
    has: (name: string) => existsSync(path(name)),
    manifest: (output: string) =>
      Manifest.parse(JSON.parse(readFileSync(path(`${output}/manifest.json`), 'utf8'))) as ManifestNow,
    /** Settles once the learning curve has so many points. */
    learned: (output: string, epochs: number) =>
      vi.waitFor(
        () => expect(curveOf(path(`${output}/metrics.jsonl`)).length).toBeGreaterThanOrEqual(epochs),
        {
          timeout: 20_000,
          interval: 2,
        },
      ),
    curve: (output: string) => curveOf(path(`${output}/metrics.jsonl`)),
  };
}

interface Point {
  readonly epoch: number;
  readonly loss: number;
  readonly validation: number;
  readonly at: number;
}

const curveOf = (path: string): Point[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Point);
