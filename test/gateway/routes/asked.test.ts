import { expect, test } from 'vitest';
import { askedInstant, within } from '../../../gateway/routes/asked.ts';
import { instant } from '../../../platform/database/instant.ts';
import { Problem } from '../../../platform/web/problem.ts';

const until = (limit: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    limit.addEventListener('abort', () => reject(new Error('The query was cancelled.')));
  });
const failureOf = (work: Promise<unknown>): Promise<unknown> => work.catch((err: unknown) => err);

test('what takes too long is given up, and says what to ask instead', async () => {
  const failure = await failureOf(within(10, new AbortController().signal, until));
  expect(failure).toBeInstanceOf(Problem);
  expect((failure as Problem).details).toMatchObject({ status: 504 });
  expect((failure as Problem).message).toMatch(/shorter range or fewer tags/);
});

test('a caller who has left is not told that it took too long', async () => {
  const gone = new AbortController();
  const failure = failureOf(within(60_000, gone.signal, until));
  gone.abort();
  expect(await failure).not.toBeInstanceOf(Problem);
});

test('an instant of any year is one that a database can hold', () => {
  for (const text of ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-01-01T00:00:00+02:00'])
    expect(instant(askedInstant(text))).toMatch(/^(19|20|99)\d\d-/);
});
