import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Artefact } from '../../../forecasting/artefact.ts';
import { PeriodForecast } from '../../../forecasting/period.ts';
import { anOrder, seasonalValues } from '../../support/forecasting.ts';
import { aProgramAlone, jobData } from '../../support/training-program.ts';

const values = seasonalValues({ length: 900 });

/** An order that learns for as many passes as it says, each of some milliseconds. */
const aLongOrder = (epochs = 8) =>
  anOrder({ kind: 'nlinear', parameters: { ...learning, epochs, patience: 1000 } });
const learning = { seed: 1, batch: 32, learningRate: 0.002, decay: 0.9, validation: 0.2 };

test('in an empty folder, with no packages and no environment, it learns a network and vouches for each file', async (context) => {
  const program = await aProgramAlone(context);
  const order = aLongOrder();
  program.give(order, jobData(values));
  expect(await program.run('--output', 'result')).toEqual({ code: 0, signal: null, stderr: '' });
  expect(program.files('result')).toEqual(['artefact.json', 'manifest.json', 'metrics.jsonl']);
  const manifest = program.manifest('result');
  expect(manifest).toMatchObject({ order: order.id, schema: 'penstock-model/1', code: program.hash });
  expect(manifest.parameters).toMatchObject({ kind: 'nlinear', epochs: 8, seed: 1, season: 24 });
  for (const { name, bytes, sha256 } of manifest.files) {
    const content = program.read(`result/${name}`);
    expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
  }
  expect(manifest.files.map(({ name }) => name)).toEqual(['artefact.json', 'metrics.jsonl']);
});

test('the network forecasts better than seasonal naive, and its bands hold what they promise', async (context) => {
  const program = await aProgramAlone(context);
  program.give(aLongOrder(30), jobData(values));
  await program.run('--output', 'result');
  const { metrics, dataHash } = Artefact.parse(program.json('result/artefact.json'));
  expect(metrics['skill']).toBeGreaterThan(0.1);
  expect(metrics['coverage95']).toBeGreaterThan(0.88);
  expect(program.manifest('result').dataHash).toBe(dataHash);
});

test('the other kinds run in it too', async (context) => {
  const program = await aProgramAlone(context);
  for (const kind of ['mstl', 'seasonal-naive'] as const) {
    program.give(anOrder({ kind }), jobData(values.subarray(0, 240)));
    expect(await program.run('--output', kind)).toMatchObject({ code: 0, stderr: '' });
    expect(Artefact.parse(program.json(`${kind}/artefact.json`)).learned.kind).toBe(kind);
  }
});

test('killed after any epoch and started again it leaves the same bytes as without, and each epoch is told once', async (context) => {
  const program = await aProgramAlone(context);
  program.give(aLongOrder(), jobData(values));
  await program.run('--output', 'whole');
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 7 }), async (epochs) => {
      const { child, ended } = program.start('--output', 'cut');
      await program.learned('cut', epochs);
      child.kill('SIGKILL');
      await ended;
      expect(await program.run('--output', 'cut')).toMatchObject({ code: 0, stderr: '' });
      expect(program.read('cut/artefact.json').equals(program.read('whole/artefact.json'))).toBe(true);
      expect(program.curve('cut').map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      program.remove('cut');
    }),
    { numRuns: 3 },
  );
}, 120_000);

test.for(['SIGUSR1', 'SIGTERM'] as const)(
  '%s ends it with 85 and a checkpoint, from which it goes on',
  async (signal, context) => {
    const program = await aProgramAlone(context);
    program.give(aLongOrder(1000), jobData(values));
    const { child, ended } = program.start('--output', 'result');
    await program.learned('result', 2);
    child.kill(signal);
    expect(await ended).toEqual({ code: 85, signal: null, stderr: `Stopped by ${signal}.\n` });
    expect(program.files('result')).toEqual(['checkpoint', 'metrics.jsonl']);
    const before = program.curve('result');
    const again = program.start('--output', 'result');
    await program.learned('result', before.length + 1);
    again.child.kill('SIGKILL');
    await again.ended;
    expect(program.curve('result').slice(0, before.length)).toEqual(before);
  },
);

test.for([
  ['of other data', (text: string) => text, values.map((value) => value + 1)],
  ['that is damaged', (text: string) => text.replace('"steps":', '"steps":1'), values],
] as const)('a checkpoint %s is not gone on from', async ([, change, next], context) => {
  const program = await aProgramAlone(context);
  const order = aLongOrder();
  program.give(order, jobData(values));
  const { child, ended } = program.start('--output', 'result');
  await program.learned('result', 3);
  child.kill('SIGKILL');
  await ended;
  const { at } = program.curve('result')[0]!;
  const state = 'result/checkpoint/state.json';
  program.write(state, change(program.read(state).toString()));
  program.give(order, jobData(next));
  expect(await program.run('--output', 'result')).toMatchObject({ code: 0 });
  expect(program.curve('result')).toHaveLength(8);
  expect(program.curve('result')[0]!.at).toBeGreaterThan(at);
  await program.run('--output', 'afresh');
  expect(program.read('result/artefact.json').equals(program.read('afresh/artefact.json'))).toBe(true);
});

const folded = () => ({ ...aLongOrder(4), folds: 4 });

test('folds are trained one by one, each leaves its figures, and are merged into one model', async (context) => {
  const program = await aProgramAlone(context);
  const order = folded();
  program.give(order, jobData(values));
  for (const fold of ['0', '1', '2', '3']) {
    expect(await program.run('--output', 'result', '--fold', fold)).toMatchObject({ code: 0, stderr: '' });
    expect(program.files(`result/fold-${fold}`)).toEqual(['fold.json', 'manifest.json', 'metrics.jsonl']);
    expect(program.manifest(`result/fold-${fold}`).metrics['origins']).toBeGreaterThan(20);
  }
  expect(await program.run('--output', 'result', '--merge')).toMatchObject({ code: 0, stderr: '' });
  const { id, metrics, learned } = Artefact.parse(program.json('result/artefact.json'));
  expect(id).toBe(order.id);
  expect(metrics['folds']).toBe(4);
  const each = [0, 1, 2, 3].map((fold) => program.manifest(`result/fold-${fold}`).metrics['mae']!);
  expect(metrics['mae']).toBeGreaterThan(Math.min(...each));
  expect(metrics['mae']).toBeLessThan(Math.max(...each));
  expect(program.json('result/fold-3/fold.json')).toMatchObject({ learned });
});

test('a merge does without a fold that failed or was altered, but not with fewer than the quorum', async (context) => {
  const program = await aProgramAlone(context);
  program.give(folded(), jobData(values));
  for (const fold of ['0', '1', '2', '3']) await program.run('--output', 'result', '--fold', fold);
  program.remove('result/fold-3');
  expect(await program.run('--output', 'result', '--merge')).toMatchObject({ code: 0 });
  expect(program.manifest('result').metrics['folds']).toBe(3);
  const text = program.read('result/fold-1/fold.json').toString();
  program.write('result/fold-1/fold.json', text.replace('"fold":1', '"fold":2'));
  const { code, stderr } = await program.run('--output', 'result', '--merge');
  expect(stderr).toMatch(
    /^2 of 4 folds are whole, 3 are needed\. fold 1: .* its manifest lists; fold 3: .*\n$/,
  );
  expect(code).toBe(66);
});

test('a prediction job forecasts a period with a model, as it would have been forecast then', async (context) => {
  const program = await aProgramAlone(context);
  program.give(aLongOrder(), jobData(values.subarray(0, 700)));
  await program.run('--output', 'model');
  const { start, stepMs } = jobData([]);
  const order = {
    id: anOrder().id,
    model: program.json('model/artefact.json'),
    from: start + 700 * stepMs,
    to: start + 910 * stepMs,
  };
  program.give(order, jobData(values));
  expect(await program.run('--output', 'said', '--predict')).toMatchObject({ code: 0, stderr: '' });
  expect(program.files('said')).toEqual(['forecast.json', 'manifest.json']);
  const said = PeriodForecast.parse(program.json('said/forecast.json'));
  expect(said).toMatchObject({ order: order.id, start: order.from, stepMs, fallbacks: [] });
  expect(said.columns.mean).toHaveLength(210);
  expect(said.columns.actual.slice(0, 200)).toEqual([...values.subarray(700)]);
  expect(said.columns.actual.slice(200)).toEqual(new Array(10).fill(null));
  const { metrics } = program.manifest('said');
  expect(metrics['mae']).toBeLessThan(1.5);
  expect(metrics['coverage95']).toBeGreaterThan(0.85);
});

test.for([
  [['--output', 'x', '--fold', '4'], 64, 'There is no fold 4 of 4'],
  [['--output', 'x', '--fold', 'one'], 64, "it is 'one'"],
  [['--output', 'x', '--fold', '1', '--merge'], 64, 'Only one of --fold, --merge and --predict'],
  [[], 64, '--order, --data and --output must be given'],
  [['--output', 'order.json/x'], 73, 'The result cannot be written to order.json/x'],
] as const)('%j ends with %i', async ([words, code, message], context) => {
  const program = await aProgramAlone(context);
  program.give(folded(), jobData(values));
  const ended = await program.run(...words);
  expect(ended.stderr).toContain(message);
  expect(ended.code).toBe(code);
});
