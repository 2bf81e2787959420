import { BroadcastChannel } from 'node:worker_threads';
import '../../gateway/runtime/worker.ts';
import { assigned } from '../../platform/thread.ts';

/** What a library may do to the thread that it runs in. */
const faults = {
  throws() {
    setImmediate(() => {
      throw new Error('Nobody catches this.');
    });
  },
  exits: () => process.exit(3),
  loops() {
    for (;;);
  },
  'eats its memory'() {
    const hoard: number[][] = [];
    for (;;) hoard.push(new Array<number>(100_000).fill(hoard.length));
  },
};
export type HostFault = keyof typeof faults;

// The real host of drivers, with real drivers, that goes wrong when it is told to.
const { protocol } = assigned() as { protocol: string };
new BroadcastChannel(`faults of ${protocol}`).onmessage = ({ data }) => faults[data as HostFault]();
