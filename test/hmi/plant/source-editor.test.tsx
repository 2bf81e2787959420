import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { LocationProvider } from 'preact-iso';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { HttpConfig } from '../../../collectors/http/config.ts';
import { MqttConfig } from '../../../collectors/mqtt/config.ts';
import { OpcuaConfig } from '../../../collectors/opcua/config.ts';
import type { Schema } from '../../../hmi/components/schema/schema.ts';
import { parted } from '../../../hmi/plant/source-settings.ts';
import { NewSource } from '../../../hmi/plant/SourceEditor.tsx';
import { serve, signedIn } from '../../support/hmi.ts';
import { linked } from '../linked.ts';

const jsonOf = (schema: z.ZodType) =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;
const soon = { timeout: 5000, interval: 20 };
afterEach(cleanup);

test('a typed password becomes a reference, and the password goes another way', () => {
  const config = { endpoint: 'opc.tcp://x:4840', user: 'u', password: 'geheim', userKey: 'PEM' };
  expect(parted('Press 1', config, jsonOf(OpcuaConfig))).toEqual({
    config: {
      ...{ endpoint: 'opc.tcp://x:4840', user: 'u' },
      ...{ password: { secret: 'press-1-password' }, userKey: { secret: 'press-1-userkey' } },
    },
    secrets: { 'press-1-password': 'geheim', 'press-1-userkey': 'PEM' },
  });
  const broker = {
    broker: {
      users: [
        { name: 'a', password: 'one' },
        { name: 'b', password: { secret: 'kept' } },
      ],
    },
  };
  expect(parted('field', broker, jsonOf(MqttConfig))).toEqual({
    config: {
      broker: {
        users: [
          { name: 'a', password: { secret: 'field-broker-users-a-password' } },
          { name: 'b', password: { secret: 'kept' } },
        ],
      },
    },
    secrets: { 'field-broker-users-a-password': 'one' },
  });
  const http = { auth: { basic: { user: 'u', password: 'one' } }, headers: { 'x-token': 'plain' } };
  expect(parted('api', http, jsonOf(HttpConfig))).toEqual({
    config: { ...http, auth: { basic: { user: 'u', password: { secret: 'api-auth-basic-password' } } } },
    secrets: { 'api-auth-basic-password': 'one' },
  });
});

test('an engineer sets up an OPC UA source: the form is that of the schema, it is tried, then saved without its password', async () => {
  const asked: [string, unknown][] = [];
  const note =
    (name: string, answer: unknown) =>
    ({ body }: { body: unknown }) => {
      asked.push([name, body]);
      return answer;
    };
  const opcua = { name: 'opcua', config: z.toJSONSchema(OpcuaConfig, { io: 'input' }), address: {} };
  const step = { what: 'Connect', ok: false, detail: 'ECONNREFUSED', remedy: 'Check that the server runs.' };
  await using daemon = await serve({
    'GET /api/v1/session': () => signedIn('engineer'),
    'GET /api/v1/protocols': () => [opcua],
    'POST /api/v1/sources/test': note('test', { ok: false, tookMs: 12, steps: [step] }),
    'PUT /api/v1/secrets/press-password': note('secret', {}),
    'PUT /api/v1/sources/press/settings': note('save', {}),
  });
  await linked(daemon);

  render(
    <LocationProvider>
      <NewSource />
    </LocationProvider>,
  );
  fireEvent.click(await screen.findByRole('button', { name: 'OPC UA' }));
  fireEvent.input(screen.getByLabelText('Source'), { target: { value: 'press' } });
  fireEvent.input(screen.getByLabelText('Endpoint'), { target: { value: 'opc.tcp://127.0.0.1:4840' } });
  fireEvent.input(screen.getByLabelText('User'), { target: { value: 'anna' } });
  fireEvent.input(screen.getByLabelText('Password'), { target: { value: 'geheim' } });

  fireEvent.click(screen.getByRole('button', { name: 'Test connection' }));
  expect(await screen.findByText('Check that the server runs.')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  await expect.poll(() => asked.map(([name]) => name), soon).toEqual(['test', 'secret', 'save']);

  const config = {
    endpoint: 'opc.tcp://127.0.0.1:4840',
    user: 'anna',
    password: { secret: 'press-password' },
  };
  expect(asked[0]?.[1]).toMatchObject({ config, secrets: { 'press-password': 'geheim' } });
  expect(asked[1]?.[1]).toEqual({ value: 'geheim' });
  expect(asked[2]?.[1]).toEqual({ protocol: 'opcua', config, enabled: true });
});
