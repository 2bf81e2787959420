/** One may wait, anybody may ring. A ring that nobody waited for is heard by the next wait. */
export interface Bell {
  ring(): void;
  /** Settles at the next ring, or after a while. */
  wait(longestMs: number | null): Promise<void>;
}

export function createBell(): Bell {
  let rung = false;
  let wake: () => void = () => undefined;
  return {
    ring() {
      rung = true;
      wake();
    },
    async wait(longestMs) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = longestMs === null ? undefined : setTimeout(resolve, longestMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      rung = false;
      wake = () => undefined;
    },
  };
}

/** What `work` settles with, or `otherwise` if that takes too long. */
export async function within<T, Otherwise>(
  longestMs: number,
  work: Promise<T>,
  otherwise: Otherwise,
): Promise<T | Otherwise> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Otherwise>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), longestMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
