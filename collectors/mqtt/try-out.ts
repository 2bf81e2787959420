import { once } from 'node:events';
import { createServer, connect as connectSocket } from 'node:net';
import timers from 'node:timers/promises';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { connectAsync } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Plan, TestStep } from '../collector.ts';
import type { BrokerConfig, ClientConfig, MqttAddress, MqttConfig } from './config.ts';
import { CONNECT_MS, optionsOf, tlsOf } from './connection.ts';
import { tlsOptions } from './listen.ts';
import { timeLimit } from '../../platform/time-limit.ts';

/** Long enough for what is retained, and for devices that publish each second. */
const LISTEN_MS = 1_500;
const MAX_TOPICS = 100;

type Steps = TestStep[];

/** The dry run. What is wrong is the last step, with its remedy. */
export async function tryOut(
  { config }: Plan<MqttConfig, MqttAddress>,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<readonly TestStep[]> {
  const steps: Steps = [];
  const attempt = timeLimit(4 * CONNECT_MS, signal);
  if ('client' in config) await tryClient(config.client, topics.slice(0, MAX_TOPICS), steps, attempt);
  else await tryBroker(config.broker, steps);
  return steps;
}

/** Runs one step; a failure is noted with its remedy, and false returned. */
async function step(
  steps: Steps,
  what: string,
  run: () => Promise<string>,
  remedy: (err: Error & { code?: unknown }) => string,
): Promise<boolean> {
  try {
    steps.push({ what, ok: true, detail: await run() });
    return true;
  } catch (err) {
    const error = err instanceof Error ? err : new Error(String(err));
    steps.push({ what, ok: false, detail: error.message, remedy: remedy(error) });
    return false;
  }
}

async function tryBroker(config: BrokerConfig, steps: Steps): Promise<void> {
  const { host, port, tls, webSocket } = config;
  if (tls !== undefined) {
    const read = async () => {
      createSecureContext(await tlsOptions(tls));
      return `${tls.certFile} and ${tls.keyFile} belong together.`;
    };
    const remedy = () => 'Give the PEM files of a certificate and of its key, readable for the gateway.';
    if (!(await step(steps, 'Certificate', read, remedy))) return;
  }
  for (const one of [port, tls?.port, webSocket?.port]) {
    if (one === undefined || one === null) continue;
    const remedy = () =>
      'Choose another port, or stop the program that has it. Ports below 1024 need a right of their own.';
    if (!(await step(steps, `Port ${one}`, () => bindable(config, host, one), remedy))) return;
  }
}

async function bindable({ users }: BrokerConfig, host: string, port: number): Promise<string> {
  const server = createServer();
  try {
    const listening = once(server, 'listening');
    server.listen({ host, port });
    await listening;
    return `${host}:${port} is free.`;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'EADDRINUSE' && (await isOurs(host, port, users))) {
      return `${host}:${port} is held by a broker that knows the first user: this source at work, most likely.`;
    }
    throw new Error(
      `${host}:${port} cannot be had (${(err as NodeJS.ErrnoException).code ?? String(err)}).`,
      {
        cause: err,
      },
    );
  } finally {
    server.close();
  }
}

async function isOurs(host: string, port: number, users: BrokerConfig['users']): Promise<boolean> {
  const [user] = users;
  if (user === undefined) return false;
  const who = { username: user.name, password: user.password, reconnectPeriod: 0, connectTimeout: 2_000 };
  const client = await connectAsync(`mqtt://${host}:${port}`, who, false).catch(() => undefined);
  await client?.endAsync(true);
  return client !== undefined;
}

async function tryClient(
  config: ClientConfig,
  topics: readonly string[],
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(config.url);
  const secure = ['mqtts:', 'wss:'].includes(url.protocol);
  const usual = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 }[url.protocol] ?? 1883;
  const at = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || usual) };

  if (!(await step(steps, 'TCP', () => tcp(at, signal), tcpRemedy))) return;
  if (secure && !(await step(steps, 'TLS', () => handshake(config, at, signal), tlsRemedy))) return;

  const clientId = `${config.clientId}-test`;
  let client: MqttClient | undefined;
  try {
    const sign = async () => {
      const options: IClientOptions = { ...(await optionsOf(config)), clientId, clean: true };
      client = await within(connectAsync(config.url, options, false), signal);
      client.on('error', () => undefined);
      return `Signed in as ${config.user ?? 'nobody in particular'} with MQTT ${config.version === 5 ? '5' : '3.1.1'}.`;
    };
    if (!(await step(steps, 'CONNECT', sign, connectRemedy)) || client === undefined) return;
    const connected = client;
    if (topics.length > 0)
      await step(
        steps,
        'SUBSCRIBE',
        () => sample(connected, topics, signal),
        () => SUBSCRIBE_REMEDY,
      );
  } finally {
    await client?.endAsync(true);
  }
}

interface Peer {
  readonly host: string;
  readonly port: number;
}

async function tcp(at: Peer, signal: AbortSignal): Promise<string> {
  const socket = connectSocket(at);
  try {
    await within(once(socket, 'connect'), signal);
    return `${at.host}:${at.port} answers.`;
  } finally {
    socket.destroy();
  }
}

async function handshake(config: ClientConfig, at: Peer, signal: AbortSignal): Promise<string> {
  const socket = connectTls({ ...at, servername: serverName(config, at.host), ...(await tlsOf(config)) });
  try {
    await within(once(socket, 'secureConnect'), signal);
    const { subject, valid_to: until } = socket.getPeerCertificate();
    return `${socket.getProtocol() ?? 'TLS'}; the certificate is for ${String(subject.CN)}, until ${until}.`;
  } finally {
    socket.destroy();
  }
}

const SUBSCRIBE_REMEDY = "Give the source's user the right to read these topics at the broker.";

async function sample(client: MqttClient, topics: readonly string[], signal: AbortSignal): Promise<string> {
  const heard = new Map<string, number>();
  client.on('message', (topic) => void heard.set(topic, (heard.get(topic) ?? 0) + 1));
  const refused = await within(
    new Promise<string[]>((resolve, reject) => {
      client.subscribe([...topics], { qos: 1 }, (err, _, answer) => {
        if (answer === undefined) reject(err ?? new Error('The broker did not answer.'));
        else resolve(topics.filter((_topic, i) => Number(answer.granted[i] ?? 0x80) >= 0x80));
      });
    }),
    signal,
  );
  if (refused.length > 0)
    throw new Error(
      `${refused.length} of ${topics.length} subscriptions are refused: ${refused.slice(0, 5).join(', ')}`,
    );
  await timers.setTimeout(LISTEN_MS, undefined, { signal });
  const messages = [...heard.values()].reduce((sum, count) => sum + count, 0);
  return `${topics.length} subscriptions granted; ${messages} messages on ${heard.size} topics within ${LISTEN_MS / 1000} s.`;
}

/** The step's own patience: an attempt that is not answered is an answer too. */
async function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new AbortController();
  const limit = timers
    .setTimeout(CONNECT_MS, undefined, { signal: AbortSignal.any([signal, over.signal]) })
    .then(() => Promise.reject(new Error(`No answer within ${CONNECT_MS / 1000} s.`)));
  limit.catch(() => undefined);
  try {
    return await Promise.race([promise, limit]);
  } finally {
    over.abort();
    promise.catch(() => undefined);
  }
}

const serverName = ({ tls }: ClientConfig, host: string): string =>
  tls?.serverName ?? (/^[\d.]+$|:/.test(host) ? '' : host);

const tcpRemedy = ({ code }: { code?: unknown }): string => {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'Check the host name, or give its address.';
  if (code === 'ECONNREFUSED')
    return 'Nothing listens at this port: check the port, and that the broker runs.';
  return 'Check host and port, the cable, and the firewalls on the way.';
};

const tlsRemedy = ({ code, message }: { code?: unknown; message: string }): string => {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return "Use the name in the broker's certificate in the URL, or set tls.serverName.";
  if (/self.signed|unable to (get|verify)|UNABLE_TO|SELF_SIGNED/i.test(`${message} ${String(code)}`))
    return "Set tls.caFile to the certificate of who signed the broker's.";
  if (code === 'CERT_HAS_EXPIRED') return "Renew the broker's certificate.";
  return 'Check that this port speaks TLS, and the certificate files of the source.';
};

const connectRemedy = ({ code, message }: { code?: unknown; message: string }): string => {
  const words = `${message} ${String(code)}`.toLowerCase();
  if (/not authorized|bad user|(^| )(4|5|134|135)$/.test(words))
    return 'Compare user and password of the source with those at the broker.';
  if (/identifier|(^| )(2|133)$/.test(words)) return 'Choose another clientId.';
  if (/protocol version|(^| )(1|132)$/.test(words))
    return 'Set `version` to what the broker speaks: 4 (MQTT 3.1.1) or 5.';
  return 'Look at the log of the broker: it says why it refused; a certificate of our own may be wanted (tls.certFile).';
};
