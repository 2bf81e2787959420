import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JobReport } from '../../../sync/central/executor.ts';
import { remedyFor } from '../../../sync/central/remedy.ts';
import { failureOf, failures, isFinal, judge, mayMove } from '../../../sync/central/states.ts';
import type { AttemptState } from '../../../sync/central/states.ts';

const patience = { unsent: { polls: 2, ms: 80_000 }, lost: { polls: 3, ms: 600_000 }, resultMs: 60_000 };
const states = ['pending', 'running', 'finishing', 'finished', 'failed', 'timeout', 'cancelled'] as const;
const report = (state: JobReport['state']): JobReport => ({ state, source: 'test', evidence: state });
const quiet = { silentPolls: 0, silentMs: 0 };

interface Poll {
  readonly said: JobReport['state'] | null;
  readonly afterMs: number;
}

/** A centre that is started anew with each poll: it knows nothing but the row. */
function live(polls: readonly Poll[]): { path: AttemptState[]; sent: number } {
  let known = { state: 'created' as AttemptState, stateMs: 0, ...quiet };
  const path = [known.state];
  let sent = 0;
  for (const { said, afterMs } of polls) {
    if (isFinal(known.state) || known.state === 'collecting') break;
    let to: AttemptState | null;
    if (known.state === 'created') {
      to = 'submitting';
      sent += 1;
    } else {
      const silent = said === null;
      known = {
        state: known.state,
        stateMs: known.stateMs + afterMs,
        silentPolls: silent ? known.silentPolls + 1 : 0,
        silentMs: silent && known.silentPolls > 0 ? known.silentMs + afterMs : 0,
      };
      to = judge(known, silent ? undefined : report(said), patience);
    }
    if (to === null) continue;
    expect(mayMove(known.state, to)).toBe(true);
    known = { state: to, stateMs: 0, ...quiet };
    path.push(to);
  }
  return { path, sent };
}

const somePolls = fc.array(
  fc.record({ said: fc.constantFrom(null, null, ...states), afterMs: fc.integer({ min: 0, max: 120_000 }) }),
  { maxLength: 60 },
);

test('whatever is reported, an attempt never makes a move that its life does not have', () => {
  fc.assert(fc.property(somePolls, (polls) => void live(polls)));
});

test('a job that was seen once is never sent again', () => {
  fc.assert(
    fc.property(somePolls, (polls) => {
      const { path } = live(polls);
      const seen = path.findIndex((state) => !['created', 'submitting'].includes(state));
      expect(seen === -1 ? [] : path.slice(seen)).not.toContain('submitting');
    }),
  );
});

test('what was sent without an answer is sent again only after two good polls that lasted did not know it', () => {
  const silence = (silentPolls: number, silentMs: number, stateMs = 100_000) =>
    judge({ state: 'submitting', stateMs, silentPolls, silentMs }, undefined, patience);
  expect([silence(1, 80_000), silence(2, 79_999), silence(9, 90_000, 79_999)]).toEqual([null, null, null]);
  expect(silence(2, 80_000)).toBe('created');
});

test('a job is lost only after three good polls over ten minutes, and comes back with any proof', () => {
  const silence = (silentPolls: number, silentMs: number) =>
    judge({ state: 'running', stateMs: 1e9, silentPolls, silentMs }, undefined, patience);
  expect([silence(2, 600_000), silence(3, 599_999), silence(3, 600_000)]).toEqual([null, null, 'lost']);
  const revived = states.map((state) =>
    judge({ state: 'lost', stateMs: 0, ...quiet }, report(state), patience),
  );
  expect(revived).toEqual([
    ...['pending', 'running', 'finishing', 'collecting', 'failed', 'timeout', 'cancelled'],
  ]);
});

test('a final state is never left', () => {
  for (const state of ['completed', 'failed', 'timeout', 'cancelled'] as const) {
    expect(isFinal(state)).toBe(true);
    for (const said of states)
      expect(judge({ state, stateMs: 0, ...quiet }, report(said), patience)).toBeNull();
  }
});

test.each([
  [0, 'code'],
  [7, 'code'],
  [126, 'env'],
  [127, 'env'],
  [137, 'signal'],
  [255, 'code'],
])('a shell that ends with %i has ended by %s', (code, failure) => {
  expect(failureOf(code)).toBe(failure);
});

test('memory, time and a bad node have a remedy, three, five and three attempts in all; nothing else has one', () => {
  const helped = failures.map((failure) => {
    let n = 1;
    while (remedyFor(failure, { n, needs: {}, node: null }) !== null) n += 1;
    return [failure, n] as const;
  });
  expect(helped.filter(([, n]) => n > 1)).toEqual([
    ['oom', 3],
    ['infra', 3],
    ['timeout', 5],
  ]);
});

test('each attempt gets more of what was missing, and keeps what it had', () => {
  const first = remedyFor('oom', { n: 1, needs: {}, node: 'n1' });
  const second = remedyFor('infra', { n: 2, needs: first?.needs ?? {}, node: 'n2' });
  expect([first?.needs, second?.needs]).toEqual([{ memory: 1.5 }, { memory: 1.5, notOn: ['n2'] }]);
});
