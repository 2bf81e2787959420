import { expect, onTestFinished } from 'vitest';
import { connect, link } from '../../hmi/live.ts';
import { refreshSession } from '../../hmi/session.ts';
import { liveServer } from '../support/hmi.ts';

const soon = { timeout: 5000, interval: 20 };

/** The screens as after signing in: they ask `daemon`, and have a live link that stays until the test is over. */
export async function linked(daemon: { use(): void }): Promise<void> {
  daemon.use();
  const live = await liveServer();
  const abort = new AbortController();
  void connect({ url: live.url, build: 'b1' }, abort.signal);
  await expect.poll(live.connections, soon).toBe(1);
  live.hello();
  await expect.poll(() => link.value.state, soon).toBe('live');
  const beat = setInterval(() => live.say({ type: 'heartbeat', now: Date.now() }), 500);
  onTestFinished(async () => {
    clearInterval(beat);
    abort.abort();
    await live[Symbol.asyncDispose]();
  });
  await refreshSession();
}
