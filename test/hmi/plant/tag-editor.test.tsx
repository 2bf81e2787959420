import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { LocationProvider, Route, Router } from 'preact-iso';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { OpcuaAddress } from '../../../collectors/opcua/config.ts';
import { TagEditor } from '../../../hmi/plant/TagEditor.tsx';
import { serve, signedIn } from '../../support/hmi.ts';
import { linked } from '../linked.ts';

const soon = { timeout: 5000, interval: 20 };
afterEach(cleanup);

const schema = {
  type: 'object',
  required: ['name', 'area', 'source', 'address'],
  properties: {
    name: { type: 'string' },
    source: { type: 'string' },
    area: { type: 'string' },
    unit: { type: 'string', default: '', description: 'As it is shown.' },
    address: {},
  },
};
const page = (items: object[]) => ({ items, total: items.length, limit: 1000, offset: 0 });

test('a tag is changed in a form of its own protocol, and saved whole', async () => {
  const saved: unknown[] = [];
  const entry = { name: 'TI-1', area: 'Reactor', source: 'press', unit: 'K', address: { node: 'ns=1;s=T' } };
  await using daemon = await serve({
    'GET /api/v1/session': () => signedIn('engineer'),
    'GET /api/v1/tags/7/settings': () => entry,
    'PUT /api/v1/tags/7/settings': ({ body }) => {
      saved.push(body);
      return body;
    },
    'GET /api/v1/tags.schema.json': () => schema,
    'GET /api/v1/protocols': () => [
      {
        name: 'opcua',
        config: {},
        address: z.toJSONSchema(OpcuaAddress, { io: 'input', unrepresentable: 'any' }),
      },
    ],
    'GET /api/v1/sources': () => page([{ name: 'press', protocol: 'opcua' }]),
    'GET /api/v1/areas': () =>
      page([
        { id: 1, name: 'Reactor' },
        { id: 2, name: 'Feed' },
      ]),
  });
  await linked(daemon);

  history.replaceState(null, '', '/tags/7/settings');
  render(
    <LocationProvider>
      <Router>
        <Route path="/tags/:id/settings" component={TagEditor} />
        <Route default component={() => <p>elsewhere</p>} />
      </Router>
    </LocationProvider>,
  );
  fireEvent.change(await screen.findByLabelText('Area'), { target: { value: 'Feed' } });
  fireEvent.input(screen.getByLabelText('Node'), { target: { value: 'ns=1;s=U' } });
  expect(screen.getByLabelText('Unit').getAttribute('aria-describedby')).not.toBeNull();
  expect(screen.queryByLabelText('Name')).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  await expect.poll(() => saved, soon).toEqual([{ ...entry, area: 'Feed', address: { node: 'ns=1;s=U' } }]);
  expect(await screen.findByText('elsewhere')).toBeTruthy();
});
