// A process of devices: `mqtt-load-entry.ts <port> <user> <password> <qos> <devices>`. Each publishes 100 bytes of JSON
// to a topic of its own, as fast as the broker takes them, until the process is ended.
import { connectAsync } from 'mqtt';

const [port = '', username = '', password = '', qos = '1', devices = '1'] = process.argv.slice(2);
const IN_FLIGHT = 200;
const BYTES = 100;

async function publishOn(device: number): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { username, password, reconnectPeriod: 0 });
  client.on('error', () => undefined);
  const start = Date.now();
  let n = 0;
  const keepPublishing = async () => {
    for (;;) {
      const value = Math.round(5000 * Math.sin(n / 50)) / 100;
      const sample = JSON.stringify({ at: start + n++, v: value });
      const payload = `${sample.slice(0, -1)},"x":"${'-'.repeat(BYTES - sample.length - 7)}"}`;
      await client.publishAsync(`device/${device}`, payload, { qos: Number(qos) as 0 | 1 });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, keepPublishing));
}

await Promise.all(Array.from({ length: Number(devices) }, (_, device) => publishOn(device)));
