/** One line of `penstock doctor`. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'fault';
  readonly message: string;
  /** What to do; absent where all is well. */
  readonly remedy?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, state: 'ok', message });
export const warning = (check: string, message: string, remedy: string): Finding => ({
  ...{ check, state: 'warning', message, remedy },
});
export const fault = (check: string, message: string, remedy: string): Finding => ({
  ...{ check, state: 'fault', message, remedy },
});

export const reasonOf = (err: unknown): string => (err instanceof Error ? err.message : String(err));
