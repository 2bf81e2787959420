import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { ExportButton } from '../../../hmi/plant/export/ExportButton.tsx';
import { fromLocal, toLocal } from '../../../hmi/plant/export/local.ts';
import type { TagView } from '../../../hmi/plant/tags.ts';
import { serve, signedIn } from '../../support/hmi.ts';
import { linked } from '../linked.ts';

const soon = { timeout: 10_000, interval: 20 };
afterEach(cleanup);

const tag = (id: number, name: string) =>
  ({ id, name, description: `Temperature ${id}`, area: 'Reactor' }) as TagView;
const page = (items: object[]) => ({ items, total: items.length, limit: 1000, offset: 0 });
const range = { from: Date.UTC(2026, 6, 1, 10), to: Date.UTC(2026, 6, 1, 11) };

/** The addresses that the browser was told to save. */
function saved(): string[] {
  const links: string[] = [];
  const click = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    links.push(this.getAttribute('href') ?? '');
  });
  onTestFinished(() => click.mockRestore());
  return links;
}

test('tags and a range become a file: how far it is shows, and it can be cancelled', async () => {
  let state = 'running';
  const links = saved();
  const progress = {
    GET: () => ({
      ...{ id: 'x', file: 'plant.csv', state, rows: 1800, expected: 7200 },
      startedAt: new Date().toISOString(),
    }),
    DELETE: () => {
      state = 'cancelled';
      return {};
    },
  };
  const routes = {
    'GET /api/v1/session': () => signedIn('viewer'),
    'GET /api/v1/tags': () => page([tag(1, 'TI-1'), tag(2, 'TI-2'), tag(3, 'PI-3')]),
    'GET /api/v1/readings/export/plan': () => ({ file: 'plant.csv', rows: 7200 }),
  };
  await using daemon = await serve(
    new Proxy<Record<string, () => unknown>>(routes, {
      get: (all, key: string) =>
        /^(GET|DELETE) \/api\/v1\/readings\/exports\/[0-9a-f]{32}$/.test(key)
          ? progress[key.startsWith('GET') ? 'GET' : 'DELETE']
          : all[key],
    }),
  );
  await linked(daemon);
  render(<ExportButton tag={tag(1, 'TI-1')} range={() => range} />);
  fireEvent.click(screen.getByRole('button', { name: 'Export…' }));
  expect(await screen.findByText('About 7,200 readings.')).toBeTruthy();
  fireEvent.input(screen.getByLabelText('Search for more tags'), { target: { value: 'TI-2' } });
  fireEvent.click(await screen.findByLabelText(/TI-2/));
  fireEvent.click(screen.getByRole('button', { name: 'Export' }));
  await expect.poll(() => links, soon).toHaveLength(1);
  const query = new URL(links[0]!, 'http://localhost').searchParams;
  expect([query.get('tags'), query.get('from'), query.get('format')]).toEqual([
    '1,2',
    '2026-07-01T10:00:00.000Z',
    'csv',
  ]);
  expect(await screen.findByText(/1,800 of about 7,200 readings/, undefined, soon)).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Cancel the export' }));
  expect(await screen.findByText(/was cancelled after 1,800 readings/, undefined, soon)).toBeTruthy();
});

test('the site’s clock reads back to the instant, in summer and winter', () => {
  for (const at of [range.from, Date.UTC(2026, 0, 1), Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 3)])
    expect(fromLocal(toLocal(at))).toBe(at);
  expect(fromLocal('')).toBeNull();
});
