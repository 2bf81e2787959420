import type { LiveMessage, LiveRequest } from '../platform/api/live.ts';

const WATCHDOG_MS = 250;

export interface Conversation {
  abort: AbortSignal;
  /** Nothing has been heard for so long that the connection is to be given up, open or not. */
  isSilent: () => boolean;
  opened: (say: (request: LiveRequest) => void) => void;
  text: (message: LiveMessage) => void;
  /** Throws on what it cannot read; the connection then ends. */
  binary: (frame: Uint8Array) => void;
  /** The page is looked at again after it was hidden. */
  seen: () => void;
}

/** One connection from opening to its end: by either side, by silence, or by a message nobody can read. */
export function converse(
  url: string,
  { abort, isSilent, opened, text, binary, seen }: Conversation,
): Promise<void> {
  return new Promise((resolve) => {
    const ending = new AbortController();
    const until = { signal: ending.signal };
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const end = () => {
      if (ending.signal.aborted) return;
      ending.abort();
      clearInterval(watchdog);
      socket.close();
      resolve();
    };
    const watchdog = setInterval(() => {
      if (isSilent()) end();
    }, WATCHDOG_MS);

    const receive = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      try {
        if (typeof data === 'string') text(JSON.parse(data) as LiveMessage);
        else binary(new Uint8Array(data));
      } catch {
        // A daemon that speaks another dialect than this page: better no link, and a bar that says so.
        end();
      }
    };
    socket.addEventListener('open', () => opened((request) => socket.send(JSON.stringify(request))), until);
    socket.addEventListener('message', receive, until);
    socket.addEventListener('close', end, until);
    socket.addEventListener('error', end, until);
    abort.addEventListener('abort', end, until);
    whenSeen(() => {
      if (isSilent()) end();
      else seen();
    }, ending.signal);
    if (abort.aborted) end();
  });
}

/** Waits, but no longer than until the page is looked at again or the network is back. */
export function pause(waitMs: number, abort: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = () => {
      clearTimeout(timer);
      done.abort();
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    abort.addEventListener('abort', end, { signal: done.signal });
    addEventListener('online', end, { signal: done.signal });
    whenSeen(end, done.signal);
    if (abort.aborted) end();
  });
}

function whenSeen(act: () => void, signal: AbortSignal): void {
  const look = () => {
    if (document.visibilityState === 'visible') act();
  };
  document.addEventListener('visibilitychange', look, { signal });
}
