import { mismatch } from './frame/framing.ts';
import type { Arrival, Framing } from './frame/framing.ts';
import { withCrc } from './frame/rtu.ts';

const CRC_LENGTH = 2;

/** What a port tells beside the replies, which go to the library. */
export interface PortEars {
  /** Hands the bytes to the wire. */
  send(bytes: Uint8Array): void;
  /** The reply has the right number but not the right content. */
  garbled(why: string): void;
  stray(what: string): void;
  broken(what: string): void;
}

type Listener = (frame: Buffer) => void;

/** A port as modbus-serial wants it: RTU frames in and out, whatever the line has. It gets only replies that fit. */
export interface LibraryPort {
  readonly isOpen: boolean;
  readonly _transactionIdRead: number;
  readonly _transactionIdWrite: number;
  write(frame: Buffer): void;
  open(done: (err?: Error) => void): void;
  close(done: () => void): void;
  on(event: string, listener: Listener): void;
  once(event: string, listener: Listener): void;
  removeListener(event: string, listener: Listener): void;
}

/**
 * The library's own ports believe a byte count, a protocol id and whatever follows half a frame. Here the framing is ours:
 * each request has one number in the library, since there is one in flight, and the framing finds its reply.
 */
export function libraryPort(framing: Framing, ears: PortEars) {
  let asked: Uint8Array = new Uint8Array(0);
  let reply: Listener = () => undefined;

  const replied = (adu: Uint8Array) => {
    const why = mismatch(asked, adu);
    if (why === undefined) reply(withCrc(adu));
    else ears.garbled(why);
  };
  const arrived = (arrival: Arrival) => {
    switch (arrival.type) {
      case 'stray':
        ears.stray(arrival.what);
        break;
      case 'broken':
        ears.broken(arrival.what);
        break;
      case 'reply':
        replied(arrival.adu);
    }
  };
  const port: LibraryPort = {
    isOpen: true,
    _transactionIdRead: 1,
    _transactionIdWrite: 1,
    write(frame) {
      asked = frame.subarray(0, -CRC_LENGTH);
      ears.send(framing.send(asked));
    },
    open: (done) => done(),
    close: (done) => done(),
    on(event, listener) {
      if (event === 'data') reply = listener;
    },
    once: () => undefined,
    removeListener: () => undefined,
  };
  return {
    port,
    take: (bytes: Uint8Array) => {
      for (const arrival of framing.take(bytes)) arrived(arrival);
    },
  };
}
