/** Most messages that wait for one that is missing. */
const MOST_HELD = 128;
const NUMBERS = 256;

/** The messages of one node in the order of their sequence numbers (Sparkplug 3.0, 6.4.4): 0 to 255, over and over. */
export class Order<Item> {
  readonly #reorderMs: number;
  #expected: number | undefined;
  #waitingSince = Infinity;
  readonly #held = new Map<number, Item>();
  /** Given up, but welcome if they come after all. */
  readonly #missing = new Set<number>();

  constructor(reorderMs: number) {
    this.#reorderMs = reorderMs;
  }

  /** A birth of the node: the next number is the one after its own. */
  begin(seq: number): void {
    this.end();
    this.#expected = (seq + 1) % NUMBERS;
  }

  /** A death of the node: any number may be next. */
  end(): void {
    this.#expected = undefined;
    this.#held.clear();
    this.#missing.clear();
    this.#waitingSince = Infinity;
  }

  /** What may be handled now: nothing while one before is missing. */
  accept(seq: number, item: Item, now: number): readonly Item[] {
    if (this.#missing.delete(seq)) return [item];
    if (this.#expected === undefined || seq === this.#expected) {
      this.#consume(seq);
      return [item, ...this.#drain(now)];
    }
    if (this.#held.has(seq) || this.#held.size >= MOST_HELD) {
      return [...this.release(), ...this.accept(seq, item, now)];
    }
    this.#held.set(seq, item);
    this.#waitingSince = Math.min(this.#waitingSince, now);
    return [];
  }

  /** Whether something has waited for too long for what is missing: `release` is then due. */
  isOverdue(now: number): boolean {
    return now - this.#waitingSince >= this.#reorderMs;
  }

  /** All that waits, whatever is missing. */
  release(): readonly Item[] {
    const waiting = [...this.#held].sort(([a], [b]) => this.#ahead(a) - this.#ahead(b));
    const last = waiting.at(-1)?.[0];
    if (last === undefined) return [];
    this.#missing.clear();
    for (let i = 0; i < this.#ahead(last); i++) this.#missing.add(((this.#expected ?? 0) + i) % NUMBERS);
    for (const [seq] of waiting) this.#missing.delete(seq);
    this.#expected = (last + 1) % NUMBERS;
    this.#held.clear();
    this.#waitingSince = Infinity;
    return waiting.map(([, item]) => item);
  }

  #ahead(seq: number): number {
    return (seq - (this.#expected ?? 0) + NUMBERS) % NUMBERS;
  }

  #consume(seq: number): void {
    this.#expected = (seq + 1) % NUMBERS;
    this.#missing.delete(this.#expected);
  }

  #drain(now: number): Item[] {
    const items: Item[] = [];
    for (let next = this.#expected; next !== undefined && this.#held.has(next); next = this.#expected) {
      items.push(this.#held.get(next) as Item);
      this.#held.delete(next);
      this.#consume(next);
    }
    this.#waitingSince = this.#held.size === 0 ? Infinity : now;
    return items;
  }
}
