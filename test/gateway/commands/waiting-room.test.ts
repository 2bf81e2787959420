import { expect, onTestFinished, test, vi } from 'vitest';
import { waitingRoom } from '../../../gateway/commands/waiting-room.ts';
import { hashOf } from '../../../platform/access/secret.ts';

const order = (name: string, expiresAt: number) => ({
  ...{ order: name, key: 'pump', tokenHash: hashOf(name), expiresAt },
});

test('what was not confirmed in time is gone, though nobody confirms anything', () => {
  vi.useFakeTimers({ now: 0 });
  onTestFinished(() => void vi.useRealTimers());
  const waiting = waitingRoom<string>();
  waiting.add(order('first', 30_000));
  waiting.add(order('second', 60_000));
  vi.setSystemTime(30_001);
  waiting.add(order('third', 60_001));
  expect(waiting.size).toBe(2);
  expect(waiting.take('pump', hashOf('first'))).toBeUndefined();
  expect(waiting.take('valve', hashOf('second'))).toBeUndefined();
  expect(waiting.take('pump', hashOf('second'))).toBe('second');
  expect(waiting.take('pump', hashOf('second'))).toBeUndefined();
});
