import type pg from 'pg';
import type { Edition } from './db.ts';
import type { Load } from './session.ts';

/** What differs between a server and the embedded database. */
export interface Engine extends AsyncDisposable {
  readonly kind: Edition['engine'];
  /** For messages: where it is, without the password. */
  readonly where: string;
  readonly pool: pg.Pool;
  readonly load: Load;
  /** Sets who is told when the server is found to be away without any query under way. */
  onLost(tell: (reason: Error) => void): void;
  /** The end is near: nobody waits any longer for a server that is away. One that answers goes on answering. */
  stopReaching(): void;
  /** Lets one client's statements run for as long as this, where the engine knows limits; null is the usual limit. */
  limit(client: pg.ClientBase, timeoutMs: number | null): Promise<void>;
  /** Makes the client's running statement fail soon. May come too late, and is then without effect. */
  interrupt(client: pg.ClientBase): Promise<void>;
}
