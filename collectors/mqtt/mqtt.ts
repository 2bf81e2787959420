import type { Protocol } from '../collector.ts';
import { gather } from '../gather.ts';
import type { Gatherer } from '../gather.ts';
import { abilities } from './abilities.ts';
import { runBroker } from './broker.ts';
import { runClient } from './client.ts';
import { MqttAddress, MqttConfig } from './config.ts';
import { inlet } from './inlet.ts';
import type { Line } from './line.ts';
import type { Publish } from './message.ts';
import { dispatch, takersOf } from './taker.ts';
import type { Attended, Taker } from './taker.ts';
import { topics } from './topics.ts';
import { tryOut } from './try-out.ts';

/** Messages that arrive this closely are stored together, and acknowledged one by one afterwards. */
const WINDOW_MS = 20;

export const mqtt: Protocol<MqttConfig, MqttAddress> = {
  name: 'mqtt',
  config: MqttConfig,
  address: MqttAddress,
  open(plan, report) {
    const { config } = plan;
    const special = takersOf(plan, report);
    const rest = topics(plan, special, report);
    const takers = [...special, rest];
    const messages = dispatch(takers);
    return {
      ...abilities(takers),
      test: (signal) => tryOut(plan, messages.topics, signal),
      async run(emit, signal) {
        const gatherer = gather(emit, WINDOW_MS);
        const line: Line = {
          receive: inlet(messages, gatherer, report),
          alive: () => gatherer.alive(),
          attend: (publish, over) => attend(takers, publish, gatherer, over),
          overhear: (message) => rest.overhear(message),
          will: takers.map((taker) => taker.will?.()).find((will) => will !== undefined),
          report,
        };
        const end = new AbortController();
        const stop = AbortSignal.any([signal, end.signal]);
        const running =
          'client' in config
            ? runClient(
                config.client,
                {
                  topics: messages.topics,
                  clean: takers.some(({ cleanSession }) => cleanSession === true),
                },
                line,
                stop,
              )
            : runBroker({ config: config.broker, folder: plan.dataFolder }, line, stop);
        try {
          await Promise.race([running, gatherer.failed]);
        } finally {
          end.abort();
          await Promise.allSettled([running, gatherer.drain()]);
        }
      },
    };
  },
};

async function attend(
  takers: readonly Taker[],
  publish: Publish,
  gatherer: Gatherer,
  over: AbortSignal,
): Promise<void> {
  const link: Attended = { publish, add: (readings) => gatherer.add(readings) };
  await Promise.all(takers.map((taker) => taker.attend?.(link, over) ?? Promise.resolve()));
}
