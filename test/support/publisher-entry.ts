// A process of devices: `publisher-entry.ts <port> <user> <password> <devices> <values>`. Each publishes JSON with
// several values to a topic of its own, at QoS 1, as fast as it is acknowledged, until the process is ended.
import * as timers from 'node:timers/promises';
import { connectAsync } from 'mqtt';

const [port = '', username = '', password = '', devices = '1', values = '1'] = process.argv.slice(2);
const IN_FLIGHT = 20;
const AGAIN_MS = 100;

async function connect() {
  for (;;) {
    try {
      return await connectAsync(
        `mqtt://127.0.0.1:${port}`,
        { username, password, reconnectPeriod: 0 },
        false,
      );
    } catch {
      await timers.setTimeout(AGAIN_MS);
    }
  }
}

async function publishOn(device: number): Promise<void> {
  const client = await connect();
  client.on('error', () => undefined);
  const start = Date.now();
  let n = 0;
  const keepPublishing = async () => {
    for (;;) {
      const sample = Object.fromEntries(
        Array.from({ length: Number(values) }, (_, i) => [
          `v${i}`,
          Math.round(5000 * Math.sin(n / 50 + i)) / 100,
        ]),
      );
      await client.publishAsync(`device/${device}`, JSON.stringify({ ...sample, at: start + n++ }), {
        qos: 1,
      });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, keepPublishing));
}

await Promise.all(Array.from({ length: Number(devices) }, (_, device) => publishOn(device)));
