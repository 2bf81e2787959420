import { Duplex } from 'node:stream';

/** The session behind a stream: takes groups of protocol messages, and answers each. */
export interface WireSession {
  execute(messages: Uint8Array): Promise<Uint8Array>;
  /** Settles when the session is gone, with the reason. */
  readonly lost: Promise<Error>;
}

const QUERY = 0x51;
const SYNC = 0x53;
const FLUSH = 0x48;
const TERMINATE = 0x58;
/** AuthenticationOk, two parameters that the driver looks at, ReadyForQuery: nobody has to log in to his own process. */
const WELCOME = Buffer.concat([
  Buffer.from('R\0\0\0\x08\0\0\0\0', 'latin1'),
  parameter('client_encoding', 'UTF8'),
  parameter('standard_conforming_strings', 'on'),
  Buffer.from('Z\0\0\0\x05I', 'latin1'),
]);

function parameter(name: string, value: string): Buffer {
  const body = Buffer.from(`${name}\0${value}\0`);
  const head = Buffer.from('S\0\0\0\0', 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Cuts what the driver writes into groups that expect an answer together. */
export function groups() {
  let rest: Buffer = Buffer.alloc(0);
  let greeted = false;

  /** Where the first complete group ends, or -1. */
  const end = (): number => {
    for (let at = 0; at + 5 <= rest.length;) {
      const next = at + 1 + rest.readInt32BE(at + 1);
      if (next > rest.length) return -1;
      const type = rest[at];
      if (type === QUERY || type === SYNC || type === FLUSH || type === TERMINATE) return next;
      at = next;
    }
    return -1;
  };

  return (chunk: Buffer): Buffer[] => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const complete: Buffer[] = [];
    if (!greeted && rest.length >= 4 && rest.length >= rest.readInt32BE(0)) {
      greeted = true;
      rest = rest.subarray(rest.readInt32BE(0));
      complete.push(Buffer.alloc(0));
    }
    for (let cut = greeted ? end() : -1; cut !== -1; cut = end()) {
      complete.push(rest.subarray(0, cut));
      rest = rest.subarray(cut);
    }
    return complete;
  };
}

/** What `pg.Client` takes for a socket: its writes go to `open`'s session in this process. */
export function wire(open: () => Promise<WireSession>): Duplex {
  const cut = groups();
  let session: WireSession | undefined;

  const answer = async (group: Buffer): Promise<void> => {
    if (group.length === 0) stream.push(WELCOME);
    else if (group[0] === TERMINATE) stream.push(null);
    else if (session !== undefined) stream.push(Buffer.from(await session.execute(group)));
  };
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      const answerAll = async () => {
        for (const group of cut(chunk)) await answer(group);
      };
      answerAll().then(() => done(), done);
    },
  });
  const connect = async () => {
    session = await open();
    void session.lost.then((reason) => stream.destroy(reason));
    stream.emit('connect');
  };
  return Object.assign(stream, {
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    ref: () => stream,
    unref: () => stream,
    connect: () => {
      connect().catch((err: unknown) => stream.destroy(err instanceof Error ? err : new Error(String(err))));
      return stream;
    },
  });
}
