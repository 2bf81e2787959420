import { effect } from '@preact/signals';
import { cleanup, render, screen } from '@testing-library/preact';
import { afterEach, expect, test, vi } from 'vitest';
import { LinkBar } from '../../hmi/components/LinkBar.tsx';
import { Command } from '../../hmi/components/Command.tsx';
import { connect, link, newBuild, reading, room } from '../../hmi/live.ts';
import { TagTile } from '../../hmi/plant/TagTile.tsx';
import { refreshSession } from '../../hmi/session.ts';
import { aTag, liveServer, serve, signedIn } from '../support/hmi.ts';

const soon = { timeout: 8000, interval: 20 };
const LONG = 20_000;

afterEach(cleanup);

/** Connects for as long as the test runs. */
async function linked(onTestFinished: (end: () => void) => void, port = 0) {
  const server = await liveServer(port);
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  void connect({ url: server.url, build: 'b1' }, abort.signal);
  await expect.poll(server.connections, soon).toBe(1);
  server.hello();
  await expect.poll(() => link.value.state, soon).toBe('live');
  return server;
}

test('a tag is watched while somebody looks at it, and no longer', async ({ onTestFinished }) => {
  await using server = await linked(onTestFinished);
  const seen: unknown[] = [];
  const leave = effect(() => {
    seen.push(reading(7).value?.value);
  });
  const leaveToo = effect(() => {
    seen.push(reading(7).value?.value);
  });
  await expect.poll(() => server.last('watch'), soon).toEqual({ type: 'watch', tags: [7] });

  server.frame([{ tag: 7, at: Date.now(), value: 2705.5 }]);
  await expect.poll(() => seen, soon).toContain(2705.5);

  leave();
  const before = server.heard.length;
  leaveToo();
  await expect.poll(() => server.heard.length, soon).toBeGreaterThan(before);
  expect(server.last('watch')).toEqual({ type: 'watch', tags: [] });
});

test('a frame that was missed makes the page ask for a snapshot', async ({ onTestFinished }) => {
  await using server = await linked(onTestFinished);
  onTestFinished(reading(1).subscribe(() => undefined));
  await expect.poll(() => server.last('watch'), soon).toEqual({ type: 'watch', tags: [1] });
  server.frame([{ tag: 1, at: 1, value: 1 }], { snapshot: true });
  server.frame([{ tag: 1, at: 2, value: 2 }]);
  await expect.poll(() => reading(1).value?.value, soon).toBe(2);
  const before = server.heard.length;

  server.frame([{ tag: 1, at: 9, value: 9 }], { skip: 1 });
  await expect.poll(() => server.heard.slice(before), soon).toContainEqual({ type: 'watch', tags: [1] });
});

test('news of a room reach those who joined it', async ({ onTestFinished }) => {
  await using server = await linked(onTestFinished);
  const counts: number[] = [];
  onTestFinished(
    effect(() => {
      counts.push(room('trainings').value.count);
    }),
  );
  await expect.poll(() => server.last('join'), soon).toEqual({ type: 'join', rooms: ['trainings'] });
  const before = counts.at(-1) ?? 0;
  server.say({ type: 'room', room: 'trainings', body: { id: 't1' } });
  await expect.poll(() => room('trainings').value, soon).toEqual({ count: before + 1, body: { id: 't1' } });
});

test(
  'silence of a server that keeps its connection open shows the bar, ages all values and disables commands',
  async ({ onTestFinished }) => {
    await using daemon = await serve({ 'GET /api/v1/session': () => signedIn('engineer') });
    daemon.use();
    await refreshSession();
    await using server = await linked(onTestFinished);
    render(
      <>
        <LinkBar />
        <TagTile tag={aTag({ id: 3, description: 'Reactor level', expectedMs: null })} />
        <Command role="engineer" run={() => Promise.resolve()}>
          Start it
        </Command>
      </>,
    );
    await expect.poll(() => server.last('watch'), soon).toEqual({ type: 'watch', tags: [3] });
    server.frame([{ tag: 3, at: Date.now(), value: 75.25 }]);
    const tile = await screen.findByRole('link', { name: /Reactor level/ });
    await expect.poll(() => tile.dataset['look'], soon).toBe('good');
    expect(screen.queryByRole('alert')).toBeNull();
    expect(screen.getByRole('button', { name: 'Start it' }).getAttribute('aria-disabled')).toBe('false');

    await expect.poll(() => link.value.state, soon).toBe('lost');
    expect((await screen.findByRole('alert')).textContent).toContain('No contact with the server.');
    expect(screen.getByRole('alert').textContent).toMatch(/as of \d\d\/\d\d\/\d{4}/);
    expect(tile.dataset['look']).toBe('stale');
    expect(screen.getByRole('button', { name: 'Start it' }).getAttribute('aria-disabled')).toBe('true');

    // It gives the hung connection up and comes back by itself.
    await expect.poll(server.connections, soon).toBeGreaterThan(1);
    const greetings = room('jobs').value.count;
    server.hello();
    await expect.poll(() => room('jobs').value.count, soon).toBeGreaterThan(greetings);
    expect(link.value.state).toBe('lost');
    server.say({ type: 'heartbeat', now: Date.now() });
    await expect.poll(() => screen.queryByRole('alert'), soon).toBeNull();
  },
  LONG,
);

test(
  'heartbeats alone keep the link, while a value that stays away ages by itself',
  async ({ onTestFinished }) => {
    await using server = await linked(onTestFinished);
    const beat = setInterval(() => server.say({ type: 'heartbeat', now: Date.now() }), 500);
    onTestFinished(() => clearInterval(beat));
    render(<TagTile tag={aTag({ id: 4, description: 'Purge rate', expectedMs: 1000 })} />);
    await expect.poll(() => server.last('watch'), soon).toEqual({ type: 'watch', tags: [4] });
    server.frame([{ tag: 4, at: Date.now(), value: 0.337 }]);
    const tile = await screen.findByRole('link', { name: /Purge rate/ });
    await expect.poll(() => tile.dataset['look'], soon).toBe('good');

    await expect.poll(() => tile.dataset['look'], soon).toBe('stale');
    expect(tile.textContent).toMatch(/Stale [3-9]\ss/);
    expect(link.value.state).toBe('live');
  },
  LONG,
);

test(
  'after a new start of the daemon old values are gone and the same tags are watched',
  async ({ onTestFinished }) => {
    const server = await linked(onTestFinished);
    onTestFinished(reading(5).subscribe(() => undefined));
    await expect.poll(() => server.last('watch'), soon).toEqual({ type: 'watch', tags: [5] });
    server.frame([{ tag: 5, at: Date.now(), value: 1 }]);
    await expect.poll(() => reading(5).value?.value, soon).toBe(1);
    await server[Symbol.asyncDispose]();

    await using next = await liveServer(server.port);
    await expect.poll(next.connections, soon).toBe(1);
    next.hello('e2', 'b1');
    await expect.poll(() => reading(5).value, soon).toBeUndefined();
    await expect.poll(() => next.last('watch'), soon).toEqual({ type: 'watch', tags: [5] });
    expect(newBuild.value).toBe(false);
  },
  LONG,
);

test('a frame nobody can read ends the connection, not the page', async ({ onTestFinished }) => {
  await using server = await linked(onTestFinished);
  server.raw(new Uint8Array([99, 1, 2, 3]));
  await expect.poll(server.connections, soon).toBe(2);
});

test('a page that was hidden asks for everything anew', async ({ onTestFinished }) => {
  await using server = await linked(onTestFinished);
  onTestFinished(reading(6).subscribe(() => undefined));
  await expect.poll(() => server.last('watch'), soon).toEqual({ type: 'watch', tags: [6] });
  const before = server.heard.length;
  document.dispatchEvent(new Event('visibilitychange'));
  await expect.poll(() => server.heard.slice(before), soon).toContainEqual({ type: 'watch', tags: [6] });
});

test('screens built anew are offered, not forced', async ({ onTestFinished }) => {
  await using server = await linked(onTestFinished);
  render(<LinkBar />);
  server.hello('e1', 'b2');
  await vi.waitFor(() => screen.getByRole('button', { name: 'Reload' }), soon);
});
