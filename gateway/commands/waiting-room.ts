import { isSame } from '../../platform/access/secret.ts';

/** An order that was prepared. */
interface Waiting<Order> {
  readonly order: Order;
  /** Of what, and by whom. */
  readonly key: string;
  readonly tokenHash: Uint8Array;
  readonly expiresAt: number;
}

/** What is prepared and not yet confirmed, in memory: each for its time, and for one confirmation. */
export function waitingRoom<Order>() {
  const waiting = new Set<Waiting<Order>>();
  const sweep = () => {
    const now = Date.now();
    for (const one of waiting) if (one.expiresAt < now) waiting.delete(one);
  };
  return {
    get size() {
      return waiting.size;
    },
    add(one: Waiting<Order>): void {
      sweep();
      waiting.add(one);
    },
    /** Undefined: there is none, or no longer. */
    take(key: string, tokenHash: Uint8Array): Order | undefined {
      sweep();
      const found = [...waiting].find((one) => one.key === key && isSame(tokenHash, one.tokenHash));
      if (found !== undefined) waiting.delete(found);
      return found?.order;
    },
  };
}
