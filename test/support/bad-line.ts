import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** What a bad line does to connections and bytes. All of it by a seeded chance. */
export interface Badness {
  /** Numbers from 0 to below 1. */
  readonly random: () => number;
  /** How often a piece of bytes ends its connection, is cut short first, or never arrives though the connection stands. */
  readonly cut: number;
  readonly truncate: number;
  readonly swallow: number;
  readonly mostDelayMs: number;
}

/** A TCP line to a server. It can be made good again. */
export interface BadTcp extends AsyncDisposable {
  readonly address: string;
  /** Bytes that came from the near end, so far. */
  readonly sent: number;
  /** How often it did something bad. */
  readonly faults: number;
  heal(): void;
}

export async function aBadTcp(port: () => number, badness: Badness): Promise<BadTcp> {
  const sockets = new Set<Socket>();
  const { random } = badness;
  const state = { bad: true, sent: 0, faults: 0 };

  const carry = (from: Socket, to: Socket) => {
    let last = Promise.resolve();
    const pass = async (bytes: Buffer) => {
      if (state.bad) await new Promise((resolve) => setTimeout(resolve, random() * badness.mostDelayMs));
      const chance = state.bad ? random() : 1;
      if (chance >= badness.cut + badness.truncate + badness.swallow) return void to.write(bytes);
      state.faults += 1;
      if (chance < badness.swallow) return;
      if (chance < badness.swallow + badness.truncate)
        to.write(bytes.subarray(0, bytes.byteLength * random()));
      from.destroy();
      to.destroy();
    };
    sockets.add(from);
    from.on('data', (bytes: Buffer) => void (last = last.then(() => pass(bytes))));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      void last.then(() => to.destroy());
    });
  };
  const server = createServer((near) => {
    const far = connect(port(), '127.0.0.1');
    near.on('data', (bytes) => (state.sent += bytes.byteLength));
    carry(near, far);
    carry(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return state.sent;
    },
    get faults() {
      return state.faults;
    },
    heal() {
      state.bad = false;
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
