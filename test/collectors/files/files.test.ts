import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, readdir, rename, symlink } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { column, flow, german, state, watching } from '../../support/files.ts';

const at = (text: string) => Date.parse(text);
const gone = (path: string) => vi.waitFor(() => expect(existsSync(path)).toBe(false), { timeout: 25_000 });

test('a table with a column per tag becomes readings, and the file lies in done/', async () => {
  const run = await watching([flow, state]);
  await run.put('a.csv', 'Time,Flow,State\n2026-07-01T10:00:00Z,12.5,ON\n2026-07-01T10:01:00Z,,OFF\n');
  await gone(run.path('a.csv'));
  expect(run.of(1)).toEqual([{ tag: 1, at: at('2026-07-01T10:00:00Z'), value: 12.5, status: 'good' }]);
  expect(run.of(2).map(({ value }) => value)).toEqual(['ON', 'OFF']);
  expect(await readdir(run.path('done'))).toEqual(['a.csv']);
  expect(run.faults).toEqual([]);
});

test('a long table of an old program: names in a column, decimal commas, local times, Latin-1', async () => {
  const points = [column(1, { tag: 'Kühlung' }), column(2, { tag: 'Druck' })];
  const run = await watching(points, { ...german, long: { tag: 'Name', value: 'Wert' } });
  const text =
    'Zeit;Name;Wert\n25.10.2026 01:59:00;Kühlung;1,5\n25.10.2026 02:30:00;Kühlung;2\n25.10.2026 02:30:00;Druck;7\n25.10.2026 02:10:00;Kühlung;3\n25.10.2026 02:30:00;Niemand;1\n';
  await run.put('a.csv', Buffer.from(text, 'latin1'));
  await gone(run.path('a.csv'));
  expect(run.of(1).map((raw) => [new Date(raw.at).toISOString(), raw.value])).toEqual([
    ['2026-10-24T23:59:00.000Z', 1.5],
    ['2026-10-25T00:30:00.000Z', 2],
    ['2026-10-25T01:10:00.000Z', 3], // the hour that comes twice
  ]);
  expect(run.of(2)).toHaveLength(1);
  expect(run.faults.map(({ kind, what }) => [kind, what])).toEqual([
    ['unknown topic', "1 names in a.csv belong to no tag: 'Niemand'."],
  ]);
});

test('a row that cannot be used is named with its line, beside the file in done/; the others count', async () => {
  const run = await watching([flow]);
  const rows = [
    '2026-07-01T10:00:00Z,1',
    '2026-07-01T10:01:00Z',
    'yesterday,2',
    '2026-07-01T10:02:00Z,"1,5"',
    '2026-07-01T10:03:00Z,4',
  ];
  await run.put('a.csv', `Time,Flow\n${rows.join('\n')}\n`);
  await gone(run.path('a.csv'));
  expect(run.of(1).map(({ value }) => value)).toEqual([1, null, 4]);
  const account = await readFile(run.path('done', 'a.csv.faults.txt'), 'utf8');
  expect(account).toContain('line 3 of a.csv has 1 cells where the first row has 2');
  expect(account).toContain("line 4 of a.csv: the time 'yesterday' is not written as iso");
  expect(account).toContain("line 5 of a.csv holds '1,5' where a number is due");
  expect(account).toContain('5 rows read, 3 readings stored, 3 faults');
});

test.each([
  ['no such columns', 'When,What\n1,2\n', 'No tag finds its columns. The first row is'],
  ['an open quotation mark', 'Time,Flow\n2026-07-01T10:00:00Z,1\n2026-07-01T10:00:01Z,"2\n', 'never closed'],
  ['an endless row', `Time,Flow\n2026-07-01T10:00:00Z,"${'1'.repeat(1_100_000)}"\n`, 'longer than'],
])('a file with %s lies in failed/ with the reason', async (_, text, reason) => {
  const run = await watching([flow]);
  await run.put('a.csv', text);
  await gone(run.path('a.csv'));
  expect((await readdir(run.path('failed'))).sort()).toEqual(['a.csv', 'a.csv.reason.txt']);
  expect(await readFile(run.path('failed', 'a.csv.reason.txt'), 'utf8')).toContain(reason);
  await run.put('b.csv', 'Time,Flow\n2026-07-01T11:00:00Z,5\n');
  await vi.waitFor(() => expect(run.of(1).at(-1)?.value).toBe(5), 5_000);
});

test('a file leaves the folder only when its readings are safe', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  const run = await watching([flow], {}, () =>
    ++asked > 1 && run.readings().length > 0 ? held : Promise.resolve(),
  );
  await run.put('a.csv', 'Time,Flow\n2026-07-01T10:00:00Z,1\n');
  await vi.waitFor(() => expect(run.of(1)).toHaveLength(1), 5_000);
  expect(existsSync(run.path('a.csv'))).toBe(true);
  release();
  await gone(run.path('a.csv'));
});

test('a file that still grows is left alone; one that came complete under a name is read once', async () => {
  const run = await watching([flow], { stillMs: 400 });
  await run.put('a.csv', 'Time,Flow\n');
  for (let i = 0; i < 5; i++) {
    await appendFile(run.path('a.csv'), `2026-07-01T10:00:0${i}Z,${i}\n`);
    const batches = run.batches.length;
    await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(batches), 5_000); // it has looked again
    expect(run.readings()).toEqual([]);
  }
  await gone(run.path('a.csv'));
  expect(run.of(1).map(({ value }) => value)).toEqual([0, 1, 2, 3, 4]);
});

test('with a done-file nothing is read before it is there, and it goes with the file', async () => {
  const run = await watching([flow], { ready: 'done-file' });
  await run.put('a.csv', 'Time,Flow\n2026-07-01T10:00:00Z,1\n');
  const batches = run.batches.length;
  await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(batches + 2), 5_000);
  expect(run.readings()).toEqual([]);
  await run.put('a.csv.done', '');
  await gone(run.path('a.csv.done'));
  expect(run.of(1)).toHaveLength(1);
});

test('the same name again does not overwrite what lies in done/', async () => {
  const run = await watching([flow]);
  for (const value of [1, 2]) {
    await run.put('a.csv', `Time,Flow\n2026-07-01T10:00:00Z,${value}\n`);
    await gone(run.path('a.csv'));
  }
  expect((await readdir(run.path('done'))).sort()).toEqual(['a.csv', 'a.csv.1']);
});

test('an empty folder is a sign of life; links, pipes, folders and hidden files are no files', async () => {
  const run = await watching([flow]);
  await run.put('.hidden.csv', 'Time,Flow\n2026-07-01T10:00:00Z,1\n');
  await mkdir(run.path('sub.csv'));
  await symlink('/etc/passwd', run.path('link.csv'));
  await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(5), 5_000);
  expect(run.readings()).toEqual([]);
  expect(existsSync(run.path('link.csv'))).toBe(true);
});

test('a folder that goes away ends the run; a test says what is wrong and how to mend it', async () => {
  const run = await watching([flow]);
  await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(0), 5_000);
  await rename(run.path(), `${run.path()}-away`);
  expect(await run.ended).toMatchObject({ code: 'ENOENT' });
  const [step] = await run.collector.test!(AbortSignal.timeout(5000));
  expect(step).toMatchObject({ what: 'Look into the folder', ok: false });
  expect(step?.remedy).toContain('read and write');
  await rename(`${run.path()}-away`, run.path());
});

test('JSON lines are read by name or path', async () => {
  const points = [
    column(1, { column: '$.pump.flow' }),
    column(2, { column: 'state', where: { unit: '2' } }, 'text'),
  ];
  const run = await watching(points, {
    format: 'jsonl',
    match: '*.jsonl',
    timeColumn: 't',
    time: { format: 'ms' },
  });
  const lines = [
    '{"t":1782900000000,"pump":{"flow":1},"unit":1,"state":"A"}',
    'oops',
    '{"t":1782900001000,"unit":2,"state":"B"}',
  ];
  await run.put('a.jsonl', lines.join('\n'));
  await gone(run.path('a.jsonl'));
  expect(run.readings().map(({ tag, value }) => [tag, value])).toEqual([
    [1, 1],
    [2, 'B'],
  ]);
  expect(run.faults.map(({ what }) => what)).toEqual(['line 2 of a.jsonl is no JSON; not used.']);
});

test('JSON lines of any length are read whole, wherever the file is cut for reading', async () => {
  const run = await watching([flow], { format: 'jsonl', match: '*' });
  const line = (i: number) =>
    JSON.stringify({
      Time: '2026-07-01T10:00:00Z',
      Flow: i,
      note: 'x'.repeat(i % 5 === 0 ? 700_000 : 50_000),
    });
  await run.put('a.jsonl', Array.from({ length: 12 }, (_, i) => line(i)).join('\n'));
  await gone(run.path('a.jsonl'));
  expect(run.of(1).map(({ value }) => value)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect(run.faults).toEqual([]);
});

test('JSON without line breaks is no memory full of it, but a file in failed/', async () => {
  const run = await watching([flow], { format: 'jsonl', match: '*' });
  await run.put('a.jsonl', `{"Time":"2026-07-01T10:00:00Z","Flow":1}\r\n\n"${'x'.repeat(3_000_000)}`);
  await gone(run.path('a.jsonl'));
  expect(run.of(1).map(({ value }) => value)).toEqual([1]);
  expect(await readFile(run.path('failed', 'a.jsonl.reason.txt'), 'utf8')).toContain('line 3 is longer than');
});

test('a file of a hundred thousand rows is read in bounded batches, each reading once', async () => {
  const run = await watching([flow]);
  const rows = Array.from({ length: 100_000 }, (_, i) => `${1_782_900_000 + i},${i}`);
  await run.put('a.csv', `Time,Flow\n${rows.join('\n')}\n`);
  await gone(run.path('a.csv'));
  expect(new Set(run.of(1).map((raw) => raw.at)).size).toBe(100_000);
  expect(Math.max(...run.batches.map((batch) => batch.length))).toBeLessThanOrEqual(2000);
});

test('a file that cannot be moved away is read once, and said', async () => {
  const run = await watching([flow]);
  await run.put('done', 'a file where a folder is due');
  await run.put('a.csv', 'Time,Flow\n2026-07-01T10:00:00Z,1\n');
  await vi.waitFor(() => expect(run.faults).toHaveLength(1), 5_000);
  expect(run.faults[0]?.what).toContain('cannot be moved away');
  const looks = run.batches.length;
  await vi.waitFor(() => expect(run.batches.length).toBeGreaterThan(looks + 3), 5_000);
  expect([run.readings().length, existsSync(run.path('a.csv'))]).toEqual([1, true]);
});
