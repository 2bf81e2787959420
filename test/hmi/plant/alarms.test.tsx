import { cleanup, fireEvent, render, screen, within } from '@testing-library/preact';
import { afterEach, expect, test } from 'vitest';
import type { AlarmView } from '../../../gateway/api/alarms.ts';
import { connect, link } from '../../../hmi/live.ts';
import { AlarmBanner } from '../../../hmi/plant/AlarmBanner.tsx';
import { Alarms } from '../../../hmi/plant/Alarms.tsx';
import { byUrgency, followAlarms, hold, openAlarms } from '../../../hmi/plant/alarms.ts';
import { refreshSession } from '../../../hmi/session.ts';
import { anAlarm, Answer, liveServer, serve, signedIn } from '../../support/hmi.ts';

const soon = { timeout: 5000, interval: 20 };

afterEach(cleanup);

/** A daemon with these alarms, a live socket, and the pages that follow both. */
async function plant(alarms: AlarmView[], role: 'viewer' | 'operator', end: (act: () => void) => void) {
  const acknowledged: { id: string; body: unknown }[] = [];
  const daemon = await serve({
    'GET /api/v1/session': () => signedIn(role),
    'GET /api/v1/alarms': () => ({ items: alarms, total: alarms.length, limit: 1000, offset: 0 }),
    ...Object.fromEntries(
      alarms.map((alarm) => [
        `POST /api/v1/alarms/${alarm.id}/acknowledgement`,
        ({ body }: { body: unknown }) => {
          if (alarm.tag === 99) return new Answer(409, { title: 'Conflict', detail: 'It is being shelved.' });
          acknowledged.push({ id: alarm.id, body });
          alarm.state = 'acknowledged';
          return alarm;
        },
      ]),
    ),
  });
  daemon.use();
  const live = await liveServer();
  const abort = new AbortController();
  end(() => abort.abort());
  void connect({ url: live.url, build: 'b1' }, abort.signal);
  await expect.poll(live.connections, soon).toBe(1);
  live.hello();
  await expect.poll(() => link.value.state, soon).toBe('live');
  const beat = setInterval(() => live.say({ type: 'heartbeat', now: Date.now() }), 500);
  end(() => clearInterval(beat));
  await refreshSession();
  end(followAlarms());
  await expect.poll(() => openAlarms.value, soon).toEqual(alarms);
  return {
    acknowledged,
    live,
    async [Symbol.asyncDispose]() {
      await live[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

test('an operator acknowledges one alarm with a comment; it stays in the list, as acknowledged', async ({
  onTestFinished,
}) => {
  await using site = await plant(
    [anAlarm({ id: 'a1' }), anAlarm({ id: 'a2', tagName: 'LI-1' })],
    'operator',
    onTestFinished,
  );
  render(<Alarms />);
  const button = await screen.findByRole('button', { name: /Acknowledge LI-1/ });
  fireEvent.input(screen.getByLabelText('Comment'), { target: { value: ' seen ' } });
  fireEvent.click(button);

  await expect.poll(() => site.acknowledged, soon).toEqual([{ id: 'a2', body: { comment: 'seen' } }]);
  await expect.poll(() => screen.queryByRole('button', { name: /Acknowledge LI-1/ }), soon).toBeNull();
  expect(screen.getByRole('link', { name: /LI-1/ })).toBeDefined();
  expect(screen.getByRole('button', { name: /Acknowledge PI-107/ })).toBeDefined();
});

test('only what was selected is acknowledged', async ({ onTestFinished }) => {
  await using site = await plant(
    [anAlarm({ id: 'a1' }), anAlarm({ id: 'a2', tagName: 'LI-1' }), anAlarm({ id: 'a3', tagName: 'LI-2' })],
    'operator',
    onTestFinished,
  );
  render(<Alarms />);
  fireEvent.click(await screen.findByLabelText(/Select LI-1/));
  fireEvent.click(screen.getByLabelText(/Select LI-2/));
  fireEvent.click(await screen.findByRole('button', { name: 'Acknowledge selected (2)' }));
  await expect.poll(() => site.acknowledged.map(({ id }) => id).sort(), soon).toEqual(['a2', 'a3']);
});

test('a viewer sees why the button does nothing', async ({ onTestFinished }) => {
  await using site = await plant([anAlarm()], 'viewer', onTestFinished);
  render(<Alarms />);
  const button = await screen.findByRole('button', { name: /Acknowledge PI-107/ });
  fireEvent.click(button);
  expect(button.getAttribute('title')).toContain('Operator');
  expect(button.getAttribute('aria-disabled')).toBe('true');
  expect(site.acknowledged).toEqual([]);
});

test('a refusal is shown with the server’s words', async ({ onTestFinished }) => {
  await using site = await plant([anAlarm({ tag: 99 })], 'operator', onTestFinished);
  render(<Alarms />);
  fireEvent.click(await screen.findByRole('button', { name: /Acknowledge PI-107/ }));
  expect((await screen.findByRole('alert')).textContent).toContain('It is being shelved.');
  expect(site.acknowledged).toEqual([]);
});

test('a device’s own alarm names its source, leads there, and says when it is as last known only', async ({
  onTestFinished,
}) => {
  const given = { id: 'a1', rule: null, tag: null, tagName: 'Tank', description: 'Level is too high' };
  const words = {
    kind: 'device',
    limit: null,
    valueAtRaise: null,
    condition: 'LevelAlarm',
    severity: 800,
  } as const;
  const alarm = anAlarm({ ...given, ...words, source: 'plc 1', area: 'Hall', uncertain: true });
  await using _ = await plant([alarm], 'operator', onTestFinished);
  render(<Alarms />);
  const row = (await screen.findByRole('link', { name: /Tank/ })).closest('tr');
  expect(screen.getByRole('link', { name: /Tank/ }).getAttribute('href')).toBe('/sources/plc%201');
  expect(row?.textContent).toContain('LevelAlarm');
  expect(row?.textContent).toContain('plc 1, severity 800');
  expect(row?.textContent).toContain('as last known');
  cleanup();
  render(<AlarmBanner />);
  expect((await screen.findByRole('link', { name: /Tank/ })).textContent).toContain('LevelAlarm');
});

test('the banner counts by priority and names the most urgent one that waits', async ({ onTestFinished }) => {
  const alarms = [
    anAlarm({ id: 'a1', priority: 2, tagName: 'LI-2' }),
    anAlarm({ id: 'a2', priority: 1, tagName: 'PI-1', state: 'acknowledged' }),
    anAlarm({
      id: 'a3',
      priority: 2,
      tagName: 'LI-9',
      state: 'returned',
      raisedAt: '2026-05-04T09:00:00.000Z',
    }),
  ];
  await using site = await plant(alarms, 'viewer', onTestFinished);
  render(<AlarmBanner />);
  const links = await screen.findAllByRole('link', { name: /LI-/ });
  expect(links[0]?.textContent).toContain('LI-2');
  const counts = within(screen.getByRole('list', { name: 'Open alarms by priority' })).getAllByRole(
    'listitem',
  );
  expect(counts.map(({ textContent }) => textContent)).toEqual(['11', '22', '30', '40']);
  expect(screen.getByRole('link', { name: '2 to acknowledge' })).toBeDefined();

  alarms.push(anAlarm({ id: 'a4', priority: 1, tagName: 'TI-5' }));
  site.live.say({ type: 'room', room: 'alarms' });
  await expect
    .poll(() => screen.getAllByRole('link', { name: /-\d/ })[0]?.textContent, soon)
    .toContain('TI-5');
});

test('what waits stands first, then the most urgent, then the newest', () => {
  const order = [
    anAlarm({ id: 'old', priority: 2, raisedAt: '2026-05-04T09:00:00.000Z' }),
    anAlarm({ id: 'answered', priority: 1, state: 'acknowledged' }),
    anAlarm({ id: 'new', priority: 2 }),
    anAlarm({ id: 'urgent', priority: 1 }),
  ].sort(byUrgency);
  expect(order.map(({ id }) => id)).toEqual(['urgent', 'new', 'old', 'answered']);
});

test('while a list is held no row moves, news are counted and states go on', () => {
  const shown = [anAlarm({ id: 'a' }), anAlarm({ id: 'b' }), anAlarm({ id: 'c' })];
  const next = [anAlarm({ id: 'new' }), anAlarm({ id: 'c', state: 'acknowledged' }), anAlarm({ id: 'a' })];
  const { rows, fresh } = hold(shown, next);
  expect(rows.map(({ id, state }) => `${id} ${state}`)).toEqual(['a active', 'b normal', 'c acknowledged']);
  expect(fresh).toBe(1);
});
