import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TestContext } from 'vitest';
import { Artefact, Manifest } from '../../../forecasting/artefact.ts';
import type { JobData } from '../../../forecasting/artefact.ts';
import { anOrder, seasonalValues } from '../../support/forecasting.ts';

const MAIN = new URL('../../../forecasting/job/main.ts', import.meta.url).pathname;

const someData = (values: (number | null)[] = [...seasonalValues()]): JobData => ({
  start: 1_700_000_040_000,
  stepMs: 60_000,
  values,
});

function job({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-job-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return {
    read: (name: string) => readFileSync(join(folder, 'result', name)),
    files: () => readdirSync(join(folder, 'result')).sort(),
    run: (order: unknown, data: unknown) => {
      writeFileSync(join(folder, 'order.json'), JSON.stringify(order));
      writeFileSync(join(folder, 'data.json'), typeof data === 'string' ? data : JSON.stringify(data));
      const files = ['--order', 'order.json', '--data', 'data.json', '--output', 'result'];
      const tsx = import.meta.resolve('tsx');
      const done = spawnSync(process.execPath, ['--import', tsx, MAIN, ...files], {
        cwd: folder,
        encoding: 'utf8',
      });
      return { status: done.status, stderr: done.stderr, stdout: done.stdout };
    },
  };
}

test('a training leaves an artefact and a manifest that vouches for it, and prints nothing', (context) => {
  const { run, read, files } = job(context);
  const order = anOrder();
  const values: (number | null)[] = [...seasonalValues()];
  values[100] = null;
  expect(run(order, someData(values))).toEqual({ status: 0, stderr: '', stdout: '' });
  expect(files()).toEqual(['artefact.json', 'manifest.json']);
  const manifest = Manifest.parse(JSON.parse(read('manifest.json').toString()));
  const bytes = read('artefact.json');
  expect(manifest.files).toEqual([
    { name: 'artefact.json', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
  ]);
  const artefact = Artefact.parse(JSON.parse(bytes.toString()));
  expect(artefact).toMatchObject({ id: order.id, settings: order.settings, trainedOn: { rows: 239 } });
});

test('the same order and data give the same bytes', (context) => {
  const { run, read } = job(context);
  const order = anOrder();
  run(order, someData());
  const first = read('artefact.json');
  run(order, someData());
  expect(read('artefact.json').equals(first)).toBe(true);
});

test('too little data ends with 65 and says how much is needed', (context) => {
  const { status, stderr } = job(context).run(anOrder(), someData([...seasonalValues({ length: 50 })]));
  expect(stderr).toMatch(/^A model of kind mstl needs at least 72 values .*; there are 50\.\n$/);
  expect(status).toBe(65);
});

test('data that is no JSON ends with 65 and names the file', (context) => {
  const { status, stderr } = job(context).run(anOrder(), '{"start":');
  expect(stderr).toMatch(/^data\.json cannot be read as JSON: .*\n$/);
  expect(status).toBe(65);
});

test('an order with an unknown kind ends with 64 and names the field', (context) => {
  const { status, stderr } = job(context).run({ ...anOrder(), id: randomUUID(), kind: 'oracle' }, someData());
  expect(stderr).toMatch(/^order\.json does not fit its schema: kind: .*\n$/);
  expect(status).toBe(64);
});
