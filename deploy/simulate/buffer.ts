/** What the field device measured in one second: its variables in their order. */
export interface Measurement {
  readonly at: number;
  readonly values: readonly number[];
}

/** Measurements that the broker has not acknowledged. The oldest go when it is full. */
export interface MeasurementBuffer {
  push(measurement: Measurement): void;
  /** The oldest first. */
  waiting(): readonly Measurement[];
  /** Forgets everything up to and with `at`. */
  settle(at: number): void;
  /** Settles when something is waiting, or `signal` aborts. */
  filled(signal: AbortSignal): Promise<void>;
}

export function measurementBuffer(capacity: number): MeasurementBuffer {
  let measurements: Measurement[] = [];
  const sleepers = new Set<() => void>();

  return {
    push(measurement) {
      measurements = [...measurements, measurement].slice(-capacity);
      for (const wake of sleepers) wake();
    },
    waiting: () => measurements,
    settle(at) {
      measurements = measurements.filter((measurement) => measurement.at > at);
    },
    async filled(signal) {
      if (measurements.length > 0 || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          sleepers.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        sleepers.add(wake);
        signal.addEventListener('abort', wake);
      });
    },
  };
}
