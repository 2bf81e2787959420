/** What a benchmark was asked for. */
export interface BenchOptions {
  /** A postgres:// address, or `embedded`. */
  readonly database: string;
  /** About how long to measure. */
  readonly seconds: number;
  /** How many tags, where a benchmark lets one choose. */
  readonly tags?: number | undefined;
  /** How many days of readings, where a benchmark lets one choose. */
  readonly days?: number | undefined;
  /** A file of data, where a benchmark can be given one. */
  readonly file?: string | undefined;
  /** For people, while it runs. */
  readonly say: (line: string) => void;
}

/** What is compared in the same run: a peer, or the physical limit. */
export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly reference: { readonly name: string; readonly value: number };
  readonly ratio: number;
  readonly conditions: Readonly<Record<string, unknown>>;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(options: BenchOptions): Promise<BenchResult>;
}
