import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, expect, test } from 'vitest';
import { call } from '../../../hmi/api.ts';
import { Loaded } from '../../../hmi/components/States.tsx';
import { useResource } from '../../../hmi/resource.ts';
import { Answer, serve } from '../../support/hmi.ts';

afterEach(cleanup);

function Page({ path }: { path: string }) {
  const resource = useResource(path, (signal) => call<{ text: string }>(path, { signal }));
  return <Loaded of={resource}>{({ text }) => <p>{text}</p>}</Loaded>;
}

test('a page says that it loads, then shows what came', async () => {
  await using daemon = await serve({ 'GET /one': () => ({ text: 'Here.' }) });
  daemon.use();
  render(<Page path="/one" />);
  expect(screen.getByRole('status').textContent).toBe('Loading…');
  await screen.findByText('Here.');
});

test('a failure names fault and remedy, and trying again helps when the server does', async () => {
  let isWell = false;
  await using daemon = await serve({
    'GET /two': () =>
      isWell
        ? { text: 'Back.' }
        : new Answer(400, {
            title: 'Bad Request',
            detail: 'The query is wrong.',
            faults: [{ field: 'query.limit', remedy: 'Give at most 1000.' }],
          }),
  });
  daemon.use();
  render(<Page path="/two" />);
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain('The query is wrong.');
  expect(alert.textContent).toContain('query.limit Give at most 1000.');
  isWell = true;
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await screen.findByText('Back.');
});

test('a server that is away is told from one that refuses', async () => {
  const daemon = await serve({});
  daemon.use();
  await daemon[Symbol.asyncDispose]();
  render(<Page path="/three" />);
  expect((await screen.findByRole('alert')).textContent).toContain('The server does not answer.');
});

test('the answer to a superseded question never shows', async () => {
  let answer: (body: { text: string }) => void = () => undefined;
  const late = new Promise((resolve) => (answer = resolve));
  await using daemon = await serve({ 'GET /slow': () => late, 'GET /fast': () => ({ text: 'New.' }) });
  daemon.use();
  const { rerender } = render(<Page path="/slow" />);
  rerender(<Page path="/fast" />);
  await screen.findByText('New.');
  answer({ text: 'Old.' });
  await expect.poll(() => screen.queryByText('New.')).not.toBeNull();
  expect(screen.queryByText('Old.')).toBeNull();
});
