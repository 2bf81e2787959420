import { execFile } from 'node:child_process';
import { environment } from './config.ts';
import type { Logger } from './log.ts';

/** systemd(1), sd_notify(3). Node has no datagram sockets of the Unix kind, so `systemd-notify` speaks for it. */
export interface Notifier extends Disposable {
  ready(): void;
  stopping(): void;
}

/**
 * Tells systemd how the daemon is. The watchdog is fed at a third of its interval, and only while `alive` is true.
 * Does nothing where systemd did not start the daemon.
 */
export function createNotifier(alive: () => boolean, log: Logger, env = environment): Notifier {
  if (env['NOTIFY_SOCKET'] === undefined)
    return { ready: nothing, stopping: nothing, [Symbol.dispose]: nothing };
  const say = (message: string) =>
    execFile('systemd-notify', [`--pid=${process.pid}`, message], (err) => {
      if (err !== null) log.warn({ err, message }, 'systemd could not be told; is systemd-notify installed?');
    });
  const watchdogMs = Number(env['WATCHDOG_USEC'] ?? 0) / 1000;
  const feeding =
    watchdogMs > 0 ? setInterval(() => alive() && say('WATCHDOG=1'), watchdogMs / 3) : undefined;
  feeding?.unref();
  return {
    ready: () => void say('READY=1'),
    stopping: () => void say('STOPPING=1'),
    [Symbol.dispose]: () => clearInterval(feeding),
  };
}

const nothing = (): void => undefined;
