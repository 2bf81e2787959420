import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  parseAccounting,
  parseConfig,
  parseQueue,
  parseShown,
  parseSubmitted,
  sacct,
  squeue,
} from '../../../../sync/central/slurm/commands.ts';
import { chosen, reportOf } from '../../../../sync/central/slurm/state.ts';

const KEY = `${randomUUID()}-a1`;
const SEP = '\x1f';
const queued = (...fields: string[]) => fields.join(SEP);

test('lines of other tools of the same account do not break the list, whatever their names hold', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (before, after) => {
      const own = queued('17', 'RUNNING', 'None', 'n1', KEY);
      const text = `${queued('16', 'RUNNING', 'None', 'n1', before)}\n${own}\n${queued('18', 'PENDING', 'Priority', '', after)}\n`;
      expect(parseQueue(text)).toEqual([
        {
          id: '17',
          state: 'RUNNING',
          reason: 'None',
          node: 'n1',
          name: KEY,
          exit: null,
          line: own.replaceAll(SEP, ' '),
        },
      ]);
    }),
  );
});

test('no text makes the parsers throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const parse of [parseQueue, parseAccounting]) expect(parse(text)).toEqual([]);
      parseShown(text);
      parseConfig(text);
      parseSubmitted(1, text, text);
    }),
  );
});

test('the lists are asked for with all states, and with a beginning', () => {
  expect(squeue('ada')).toMatch(/^squeue -h -r -u ada -t all -o '.*%j'$/);
  expect(sacct([KEY])).toContain('-S now-30days');
});

test.each([
  ['17\n', '', 'taken'],
  ['17;cluster\n', 'sbatch: warning: something', 'taken'],
  ['', 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation', 'unknown'],
  [
    '',
    'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
    'unknown',
  ],
  ['', 'sbatch: error: invalid partition specified: nope', 'rejected'],
  [
    '',
    'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified',
    'rejected',
  ],
  [
    '',
    'sbatch: error: Batch job submission failed: Requested node configuration is not available',
    'rejected',
  ],
  ['', 'sbatch: error: Memory specification can not be satisfied', 'rejected'],
  ['', 'something nobody has ever seen', 'unknown'],
  ['', '', 'unknown'],
])('sbatch that says %j and %j has %s', (out, err, state) => {
  expect(parseSubmitted(out === '' ? 1 : 0, out, err).state).toBe(state);
});

test('an id counts, whatever the exit code is; a cut link without one says nothing', () => {
  expect(parseSubmitted(null, '17\n', '')).toEqual({ state: 'taken', id: '17' });
  expect(parseSubmitted(null, '', 'sbatch: error: invalid partition specified: nope').state).toBe('unknown');
});

const ended = (state: string, exit: string, reason = 'NonZeroExitCode') =>
  reportOf({ id: '7', name: KEY, state, exit, reason, node: 'n1', line: state }, 'squeue');

test.each([
  ['FAILED', '7:0', 'code'],
  ['FAILED', '127:0', 'env'],
  ['FAILED', '0:11', 'signal'],
  ['FAILED', '0:53', 'launch'],
  ['OUT_OF_MEMORY', '0:125', 'oom'],
  ['NODE_FAIL', '0:0', 'infra'],
  ['DEADLINE', '0:0', 'deadline'],
])('%s with %s has failed by %s', (state, exit, failure) => {
  expect(ended(state, exit)).toMatchObject({ state: 'failed', failure });
});

test('a cancelled or timed out job has exit code 0 and has not succeeded; a word nobody knows says nothing', () => {
  expect(ended('CANCELLED', '0:0')?.state).toBe('cancelled');
  expect(ended('TIMEOUT', '0:0')?.state).toBe('timeout');
  expect(ended('COMPLETING', '0:0')?.state).toBe('finishing');
  expect(ended('EXPEDITING', '0:0')).toBeNull();
});

test('the first word of a state counts: accounting adds who has cancelled', () => {
  const [line] = parseAccounting(queued('7', 'CANCELLED by 999', '0:0', 'n1', KEY));
  expect(line).toMatchObject({ state: 'CANCELLED', exit: '0:0' });
});

test('of two jobs of one key the one that has done the work counts', () => {
  const [first, twin] = parseAccounting(
    `${queued('9', 'FAILED', '75:0', 'n1', KEY)}\n${queued('10', 'COMPLETED', '0:0', 'n1', KEY)}`,
  );
  expect(chosen([first!, twin!], null)?.id).toBe('10');
  expect(chosen([first!, twin!], '9')?.id).toBe('9');
});

test('what matters of the cluster’s own settings is read', () => {
  const text = `Configuration data\nAccountingStorageType   = accounting_storage/none\nMinJobAge               = 300 sec\nSLURM_VERSION           = 22.05.8\n`;
  expect(parseConfig(text)).toEqual({ version: '22.05.8', minJobAgeMs: 300_000, accounting: false });
});
