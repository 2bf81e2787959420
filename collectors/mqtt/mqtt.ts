import type { Protocol } from '../collector.ts';
import { gather } from '../gather.ts';
import { runBroker } from './broker.ts';
import { runClient } from './client.ts';
import { MqttAddress, MqttConfig } from './config.ts';
import { decoder } from './decode.ts';
import { inlet } from './inlet.ts';

/** Messages that arrive this closely are stored together, and acknowledged one by one afterwards. */
const WINDOW_MS = 20;

export const mqtt: Protocol<MqttConfig, MqttAddress> = {
  name: 'mqtt',
  config: MqttConfig,
  address: MqttAddress,
  open: ({ config, points }, report) => ({
    async run(emit, signal) {
      const gatherer = gather(emit, WINDOW_MS);
      const messages = decoder(points, report);
      const line = { receive: inlet(messages, gatherer, report), alive: () => gatherer.alive(), report };
      const end = new AbortController();
      const stop = AbortSignal.any([signal, end.signal]);
      const running =
        'client' in config
          ? runClient(config.client, messages.topics, line, stop)
          : runBroker(config.broker, line, stop);
      try {
        await Promise.race([running, gatherer.failed]);
      } finally {
        end.abort();
        await Promise.allSettled([running, gatherer.drain()]);
      }
    },
  }),
};
