import type { Outgoing } from '../message.ts';
import { REBIRTH } from './command.ts';
import { decodePayload, encodePayload } from './codec.ts';
import { typeNumber } from './datatype.ts';
import { metricOf, qualityOf } from './edge-metric.ts';
import type { EdgeMetric, Sample } from './edge-metric.ts';
import { Malformed } from './reader.ts';
import type { Metric } from './schema.ts';
import { parseState } from './state.ts';
import { hostTopic, nodeTopic } from './topic.ts';

export interface EdgeConfig {
  readonly group: string;
  readonly node: string;
  /** The primary host without which nothing is published; undefined: whoever listens. */
  readonly host: string | undefined;
}

/** What has to follow. `leave`: the connection must be given up, and begun anew. */
export interface Reaction {
  readonly outgoing: readonly Outgoing[];
  readonly leave: boolean;
}
const NOTHING: Reaction = { outgoing: [], leave: false };

interface Line {
  readonly metric: EdgeMetric;
  readonly alias: number;
  sample: Sample | undefined;
  changed: boolean;
  /** The Quality that was told last. */
  quality: number | undefined;
}

/**
 * This gateway as an edge node (Sparkplug 3.0, 5.4 to 5.9). It knows no broker and no clock. One session is: `begin`,
 * connect with its will, subscribe, `connected`; then `receive`, `update`, `publish` as often as need be; `end`.
 */
export class Edge {
  readonly #config: EdgeConfig;
  readonly #lines = new Map<string, Line>();
  #bdSeq: number;
  #seq = 0;
  #born = false;
  /** The last birth lacks a metric. */
  #incomplete = false;
  /** Of the newest word of the host that was believed. */
  #hostSaidAt = -Infinity;

  /** `lastBdSeq`: of the session before, kept over restarts. */
  constructor(config: EdgeConfig, lastBdSeq: number) {
    this.#config = config;
    this.#bdSeq = lastBdSeq;
  }

  get bdSeq(): number {
    return this.#bdSeq;
  }

  /** To be subscribed to at QoS 1 before `connected`. */
  get topics(): readonly string[] {
    const { group, node, host } = this.#config;
    return [nodeTopic('NCMD', group, node), ...(host === undefined ? [] : [hostTopic(host)])];
  }

  /** A new connection: its will. The number must be kept before the will is sent. */
  begin(now: number): Outgoing {
    this.#bdSeq = (this.#bdSeq + 1) % 256;
    this.#born = false;
    return this.#death(now);
  }

  connected(now: number): readonly Outgoing[] {
    return this.#config.host === undefined ? [this.#birth(now)] : [];
  }

  /** What this node has to tell. A metric that was told once stays in the births of the session. */
  define(metrics: readonly EdgeMetric[]): void {
    const news = metrics.filter(({ name }) => !this.#lines.has(name));
    for (const metric of news) {
      const alias = this.#lines.size + 1;
      this.#lines.set(metric.name, { metric, alias, sample: undefined, changed: false, quality: undefined });
    }
    this.#incomplete ||= news.length > 0;
  }

  /** The newest of each metric counts; what is older than it is left out, so that times never run back. */
  update(samples: readonly (Sample & { readonly name: string })[]): void {
    for (const { name, ...sample } of samples) {
      const line = this.#lines.get(name);
      if (line === undefined || sample.at < (line.sample?.at ?? -Infinity)) continue;
      line.changed ||= line.sample?.value !== sample.value || line.sample.status !== sample.status;
      line.sample = sample;
    }
  }

  /** What has changed since the last time, in the order of its time; all of it, when there is something new. */
  publish(now: number): readonly Outgoing[] {
    if (this.#born && this.#incomplete) return [this.#birth(now)];
    const changed = [...this.#lines.values()].filter((line) => line.changed);
    if (!this.#born || changed.length === 0) return [];
    changed.sort((a, b) => (a.sample?.at ?? now) - (b.sample?.at ?? now));
    return [
      this.#send(
        'NDATA',
        changed.map((line) => this.#data(line, now)),
        now,
      ),
    ];
  }

  receive(topic: string, payload: Uint8Array, now: number): Reaction {
    const { group, node, host } = this.#config;
    if (host !== undefined && topic === hostTopic(host)) return this.#heed(payload, now);
    const asked = topic === nodeTopic('NCMD', group, node) && this.#born && asksForBirth(payload);
    return asked ? { outgoing: [this.#birth(now)], leave: false } : NOTHING;
  }

  /** Before a wanted disconnect. */
  end(now: number): readonly Outgoing[] {
    const was = this.#born;
    this.#born = false;
    return was ? [this.#death(now)] : [];
  }

  /** What is older than what we know may be an old will that arrives late: it must not be acted on (5.4.2). */
  #heed(payload: Uint8Array, now: number): Reaction {
    const state = parseState(payload);
    if (state === undefined || state.timestamp < this.#hostSaidAt) return NOTHING;
    this.#hostSaidAt = state.timestamp;
    if (state.online) return this.#born ? NOTHING : { outgoing: [this.#birth(now)], leave: false };
    return this.#born ? { outgoing: this.end(now), leave: true } : NOTHING;
  }

  #death(now: number): Outgoing {
    const { group, node } = this.#config;
    const payload = encodePayload({ timestamp: now, metrics: [this.#bdSeqMetric(now)] });
    return { topic: nodeTopic('NDEATH', group, node), payload, qos: 1, retain: false };
  }

  #birth(now: number): Outgoing {
    this.#born = true;
    this.#incomplete = false;
    this.#seq = 0;
    const rebirth: Metric = {
      ...{ name: REBIRTH, timestamp: now, datatype: typeNumber('Boolean') },
      value: { in: 'boolean', value: false },
    };
    const metrics = [...this.#lines.values()].map((line): Metric => {
      line.changed = false;
      line.quality = qualityOf(line.sample);
      return {
        name: line.metric.name,
        alias: line.alias,
        ...metricOf(line.metric, line.sample, { birth: true, now }),
      };
    });
    return this.#send('NBIRTH', [this.#bdSeqMetric(now), rebirth, ...metrics], now);
  }

  #data(line: Line, now: number): Metric {
    const quality = qualityOf(line.sample);
    const { properties, ...rest } = metricOf(line.metric, line.sample, { birth: false, now });
    const told = quality === line.quality || properties === undefined ? {} : { properties };
    line.changed = false;
    line.quality = quality;
    return { alias: line.alias, ...rest, ...told };
  }

  #bdSeqMetric(now: number): Metric {
    return {
      ...{ name: 'bdSeq', timestamp: now, datatype: typeNumber('Int64') },
      value: { in: 'long', value: this.#bdSeq },
    };
  }

  #send(type: 'NBIRTH' | 'NDATA', metrics: Metric[], now: number): Outgoing {
    const { group, node } = this.#config;
    const payload = encodePayload({ timestamp: now, metrics, seq: this.#seq });
    this.#seq = (this.#seq + 1) % 256;
    return { topic: nodeTopic(type, group, node), payload, qos: 0, retain: false };
  }
}

function asksForBirth(payload: Uint8Array): boolean {
  try {
    const wire = decodePayload(payload).metrics.find(({ name }) => name === REBIRTH)?.value;
    return wire?.in === 'boolean' && wire.value;
  } catch (err) {
    if (err instanceof Malformed) return false;
    throw err;
  }
}
