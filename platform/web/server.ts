/** What a transport is told: where to listen, how much to take, and whom to ask. */
export interface ListenOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls?: TlsFiles;
  /** A viewer that lags behind by more than this loses messages: `send` answers false. */
  readonly socketBufferBytes: number;
  /** A socket that sends a longer message is closed. */
  readonly socketMessageBytes: number;
  /** Never rejects. Is not called for a malformed request. */
  onRequest(request: WebRequest): Promise<Answer>;
  /** Decides on a WebSocket: what to do with it, or the answer that refuses it. Never rejects. */
  onUpgrade(request: WebRequest): Promise<SocketEvents | Answer>;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A request whose head is well-formed. Strings are as sent: nothing is decoded. */
export interface WebRequest {
  readonly method: string;
  /** Begins with '/', without the query. */
  readonly path: string;
  /** What follows '?', or ''. */
  readonly query: string;
  /** Names in lower case; repeated ones joined by ', '. */
  readonly headers: ReadonlyMap<string, string>;
  readonly remoteAddress: string;
  /** Whether it came over TLS. */
  readonly secure: boolean;
  /** Can be read once, piece by piece; reading slows the sender down. Throws when the peer leaves in mid-body. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborts when the peer leaves before it has the whole answer, or the server must close. */
  readonly signal: AbortSignal;
}

type AnswerBody = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface Answer {
  readonly status: number;
  /** `content-length` and `transfer-encoding` are the transport's. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is read no faster than the peer takes it, and ended when the peer leaves. */
  readonly body?: AnswerBody;
  /** Ends the connection, for example because more of the request would follow. */
  readonly close?: boolean;
}

/** One open WebSocket. After it closed, `send` answers false and nothing else happens. */
export interface Socket {
  /** Text for a string, binary for bytes. False: not sent, because too much is waiting already. */
  send(message: string | Uint8Array): boolean;
  /** Bytes that wait for the peer. */
  buffered(): number;
  close(code: number, reason: string): void;
}

export interface SocketEvents {
  open(socket: Socket): void;
  message(socket: Socket, message: string | Uint8Array): void;
  /** There is space again after `send` answered false; may also come more often. */
  drain?(socket: Socket): void;
  /** The last event, also after an own `close`. */
  closed(socket: Socket): void;
}

/**
 * A listening server. Disposing it stops accepting, closes sockets with 1001, waits for the requests under way
 * (at most `CLOSING_MS`), then cuts what is left.
 */
export interface Server extends AsyncDisposable {
  readonly transport: 'uws' | 'node';
  readonly port: number;
}

export const CLOSING_MS = 5_000;
/** A peer that takes nothing of a streamed answer for so long is gone. */
export const STALLED_MS = 10_000;
/** Together, as names and values. The default of Node, and of most proxies. */
export const HEADER_BYTES = 16_384;
export const HEADER_COUNT = 48;
/** So much of a body waits in memory before the sender is slowed down. */
export const BODY_WAITING_BYTES = 262_144;
