import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, expect, test } from 'vitest';
import type { CommandView } from '../../../gateway/api/commands.ts';
import { SetPoint } from '../../../hmi/plant/SetPoint.tsx';
import { aTag, serve, signedIn } from '../../support/hmi.ts';
import { linked } from '../linked.ts';

afterEach(cleanup);

const aCommand = (state: CommandView['state']): CommandView => ({
  id: 'c1',
  tag: 1,
  tagName: 'PI-107',
  before: 2700,
  value: 2750,
  readBack: state === 'verified' ? 2750 : null,
  state,
  by: 'anna',
  comment: '',
  preparedAt: '2026-05-04T10:00:00.000Z',
  endedAt: null,
  why: null,
});

test('nothing is sent before the confirmation, and what the device shows afterwards is the result', async () => {
  const asked: [string, unknown][] = [];
  let last: CommandView[] = [];
  await using daemon = await serve({
    'GET /api/v1/session': () => signedIn('operator'),
    'GET /api/v1/commands': () => ({ items: last, total: last.length, limit: 5, offset: 0 }),
    'POST /api/v1/commands': ({ body }) => {
      asked.push(['prepare', body]);
      return { command: aCommand('prepared'), token: 'once', expiresAt: '2026-05-04T10:00:30.000Z' };
    },
    'POST /api/v1/commands/c1/confirm': ({ body }) => {
      asked.push(['confirm', body]);
      last = [aCommand('verified')];
      return last[0];
    },
  });
  await linked(daemon);

  render(<SetPoint tag={aTag()} settings={{ range: [2600, 2800], minIntervalMs: 1000, role: 'operator' }} />);
  fireEvent.input(screen.getByLabelText(/New value/), { target: { value: '2750' } });
  fireEvent.click(screen.getByRole('button', { name: 'Set …' }));
  expect(await screen.findByText('From 2,700.0 kPa to 2,750.0 kPa.')).toBeTruthy();
  expect(asked).toEqual([['prepare', { tag: 1, value: 2750, comment: '' }]]);

  fireEvent.click(screen.getByRole('button', { name: 'Send' }));
  expect(await screen.findByText('Done: the device shows it')).toBeTruthy();
  expect(asked[1]).toEqual(['confirm', { token: 'once' }]);
});
