import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, expect, test } from 'vitest';
import { App } from '../../../hmi/components/App.tsx';
import { Answer, serve, signedIn } from '../../support/hmi.ts';

const nobody = { ...signedIn('viewer'), user: null };

afterEach(cleanup);

test('a first visitor makes the administrator with the code, and is in', async () => {
  let state: unknown = { ...nobody, setUpNeeded: true };
  const sent: unknown[] = [];
  await using daemon = await serve({
    'GET /api/v1/session': () => state,
    'POST /api/v1/setup': ({ body }) => {
      sent.push(body);
      state = signedIn('administrator');
      return state;
    },
  });
  daemon.use();
  render(<App pages={<p>The pages</p>} />);
  fireEvent.input(await screen.findByLabelText('Set-up code'), { target: { value: ' 12-34 ' } });
  fireEvent.input(screen.getByLabelText('Name'), { target: { value: 'anna' } });
  fireEvent.input(screen.getByLabelText('Password'), { target: { value: 'correct horse battery' } });
  fireEvent.submit(screen.getByRole('button', { name: 'Create administrator' }).closest('form')!);
  await screen.findByText('The pages');
  expect(sent).toEqual([{ code: '12-34', name: 'anna', password: 'correct horse battery' }]);
});

test('a wrong password is answered with the server’s sentence, and the form stays', async () => {
  await using daemon = await serve({
    'GET /api/v1/session': () => nobody,
    'POST /api/v1/session': () =>
      new Answer(401, { title: 'Unauthorized', detail: 'Name or password is wrong.', correlationId: 'c-1' }),
  });
  daemon.use();
  render(<App pages={<p>The pages</p>} />);
  fireEvent.input(await screen.findByLabelText('Name'), { target: { value: 'anna' } });
  fireEvent.input(screen.getByLabelText('Password'), { target: { value: 'no' } });
  fireEvent.submit(screen.getByRole('button', { name: 'Sign in' }).closest('form')!);
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain('Name or password is wrong.');
  expect(alert.textContent).toContain('c-1');
});
