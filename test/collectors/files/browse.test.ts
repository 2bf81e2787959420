import { mkdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { flow, german, state, watching } from '../../support/files.ts';

test('columns of the newest file are offered as addresses that find their values', async () => {
  const run = await watching([], german);
  await mkdir(run.path('done'), { recursive: true });
  await writeFile(
    run.path('done', 'a.csv'),
    Buffer.from('Zeit;Flow [m³/h];State\n01.07.2026 10:00:00;12,5;ON\n', 'latin1'),
  );
  const { places } = await run.collector.browse!(
    { place: null, search: '', limit: 10, after: null },
    AbortSignal.timeout(5000),
  );
  expect(places.map(({ address, kind, unit, value }) => [address, kind, unit, value])).toEqual([
    [{ column: 'Flow [m³/h]' }, 'number', 'm³/h', 12.5],
    [{ column: 'State' }, 'text', '', 'ON'],
  ]);
  const steps = await run.collector.test!(AbortSignal.timeout(5000));
  expect(steps.map(({ ok }) => ok)).toEqual([true, true, true, true]);
});

test('a test finds the column that is missing and the time that is written otherwise', async () => {
  const run = await watching([flow, state], { pollMs: 86_400_000, stillMs: 3_600_000 });
  await run.put('a.csv', 'Time,Flow\n01.07.2026,1\n');
  expect((await run.collector.test!(AbortSignal.timeout(5000))).at(-1)).toMatchObject({
    ok: false,
    detail: 'tag-2: a.csv has no State',
  });
  await run.put('a.csv', 'Time,Flow,State\n01.07.2026,1,A\n');
  expect((await run.collector.test!(AbortSignal.timeout(5000))).at(-1)?.detail).toContain(
    "'01.07.2026' is not written as iso",
  );
});
