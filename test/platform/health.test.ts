import { expect, test } from 'vitest';
import { createHealth } from '../../platform/health.ts';

test('the daemon is as bad as its worst check', () => {
  const health = createHealth('1.0.0');
  expect(health.report().status).toBe('ok');
  health.add('database', () => ({ status: 'ok', message: 'Fine.' }));
  health.add('centre', () => ({ status: 'degraded', message: 'Away.' }));
  expect(health.report()).toMatchObject({ status: 'degraded', version: '1.0.0' });
  health.add('disk', () => ({ status: 'failing', message: 'Full.' }));
  expect(health.report().status).toBe('failing');
});

test('a check that throws is a failing check, not a failing page', () => {
  const health = createHealth('1.0.0');
  health.add('odd', () => {
    throw new Error('no such figure');
  });
  expect(health.report().checks['odd']).toEqual({
    status: 'failing',
    message: 'The check itself failed: no such figure',
  });
});
