import timers from 'node:timers/promises';

/** Waits until all tags have arrived, then says what each stretch of time cost when it is asked. */
export async function measured(
  tags: number,
  start: (arrived: (values: number) => void) => Promise<void> | void,
): Promise<void> {
  let values = 0;
  process.on('disconnect', () => process.exit());
  await start((more) => (values += more));
  while (values < tags) await timers.setTimeout(50);
  const mark = () => ({ at: performance.now(), values, cpu: process.cpuUsage() });
  let since = mark();
  process.on('message', () => {
    const now = mark();
    const seconds = (now.at - since.at) / 1000;
    const cpu = (now.cpu.user + now.cpu.system - since.cpu.user - since.cpu.system) / 1e6;
    process.send?.({
      perSecond: (now.values - since.values) / seconds,
      cpuShare: cpu / seconds,
      rss: process.memoryUsage.rss(),
    });
    since = mark();
  });
  process.send?.({ ready: true });
}
