const SECONDS = 10;

/** Counts per second over the last ten seconds. */
export function createRate() {
  const counts = new Map<number, number>();
  const forget = (second: number) => {
    for (const each of counts.keys()) if (each <= second - SECONDS) counts.delete(each);
  };
  return {
    add(count: number): void {
      const second = Math.floor(performance.now() / 1000);
      forget(second);
      counts.set(second, (counts.get(second) ?? 0) + count);
    },
    perSecond(): number {
      forget(Math.floor(performance.now() / 1000));
      return [...counts.values()].reduce((sum, count) => sum + count, 0) / SECONDS;
    },
  };
}
