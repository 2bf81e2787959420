import { foreignBroker } from './foreign-broker.ts';
import { unwire } from './sparkplug.ts';

interface Said {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly retain: boolean;
}
export type Act =
  | { readonly act: 'connect'; readonly clean: boolean; readonly will: Said | undefined }
  | { readonly act: 'subscribe'; readonly topic: string; readonly qos: number }
  | ({ readonly act: 'publish' } & Said)
  | { readonly act: 'end' };

/** A broker that writes down what one client does, in its order, by client id. */
export async function aRecorder() {
  const acts: { readonly client: string; readonly act: Act }[] = [];
  const note = (client: { id: string } | null, act: Act) => {
    if (client !== null) acts.push({ client: client.id, act });
  };
  const said = ({
    topic,
    payload,
    qos,
    retain,
  }: {
    topic: string;
    payload: string | Buffer;
    qos?: number;
    retain?: boolean;
  }): Said => ({
    ...{ topic, payload: Buffer.from(payload), qos: qos ?? 0, retain: retain ?? false },
  });
  const { broker, port } = await foreignBroker({
    authenticate(client, _user, _password, done) {
      const { _will: will, clean } = client as unknown as {
        _will?: Parameters<typeof said>[0];
        clean: boolean;
      };
      note(client, { act: 'connect', clean, will: will === undefined ? undefined : said(will) });
      done(null, true);
    },
    authorizePublish(client, packet, done) {
      note(client, { act: 'publish', ...said(packet) });
      done(null);
    },
    authorizeSubscribe(client, subscription, done) {
      note(client, { act: 'subscribe', topic: subscription.topic, qos: subscription.qos });
      done(null, subscription);
    },
  });
  broker.on('clientDisconnect', (client) => note(client, { act: 'end' }));
  return {
    port,
    of: (client: string) => acts.filter((one) => one.client === client).map(({ act }) => act),
  };
}

interface Metric {
  readonly name?: string;
  readonly alias?: string;
  readonly timestamp?: string;
  readonly datatype?: number;
  readonly longValue?: string;
  readonly booleanValue?: boolean;
}
interface Body {
  readonly timestamp?: string;
  readonly seq?: string;
  readonly metrics?: readonly Metric[];
}
const body = (payload: Buffer): Body => unwire(payload);
const bdSeqOf = ({ metrics = [] }: Body) => {
  const metric = metrics.find(({ name }) => name === 'bdSeq');
  return metric?.datatype === 4 ? Number(metric.longValue ?? 0) : undefined;
};

function checklist() {
  const faults: string[] = [];
  const must = (rule: string, holds: boolean) => {
    if (!holds) faults.push(rule);
  };
  return { faults, must };
}

/** Which rules of Sparkplug 3.0 for edge nodes a conversation breaks. Empty: none of those that are checked here. */
export function edgeFaults(acts: readonly Act[]): string[] {
  const { faults, must } = checklist();
  let bdSeq: number | undefined;
  let seq: number | undefined;
  let aliases = new Set<string>();
  let names = new Set<string>();
  const times = new Map<string, number>();
  const subscribed = new Map<string, number>();

  const connect = (act: Act & { act: 'connect' }) => {
    must('the session is clean', act.clean);
    must('the will is an NDEATH', act.will?.topic.split('/')[2] === 'NDEATH');
    must('the will has QoS 1 and is not retained', act.will?.qos === 1 && !act.will.retain);
    const will = body(act.will?.payload ?? Buffer.alloc(0));
    must('the will has no sequence number', will.seq === undefined);
    const next = bdSeqOf(will);
    must('bdSeq is an Int64 from 0 to 255', next !== undefined && next >= 0 && next <= 255);
    must('bdSeq goes up by one with each connection', bdSeq === undefined || next === (bdSeq + 1) % 256);
    bdSeq = next;
    seq = undefined;
    names = new Set();
    subscribed.clear();
  };
  const birth = (payload: Body) => {
    const metrics = payload.metrics ?? [];
    must('bdSeq of the birth is that of the will', bdSeqOf(payload) === bdSeq);
    must('a birth has a sequence number', payload.seq !== undefined);
    const rebirth = metrics.find(({ name }) => name === 'Node Control/Rebirth');
    must(
      'a birth has Node Control/Rebirth: Boolean, false, no alias',
      rebirth?.datatype === 11 && rebirth.booleanValue === false && rebirth.alias === undefined,
    );
    must(
      'metrics of a birth have name, type and time',
      metrics.every(
        ({ name, datatype, timestamp }) =>
          (name ?? '') !== '' && (datatype ?? 0) > 0 && timestamp !== undefined,
      ),
    );
    const given = metrics.flatMap(({ alias }) => alias ?? []);
    must('aliases are unique', new Set(given).size === given.length);
    const all = new Set(metrics.map(({ name = '' }) => name));
    must(
      'a birth has all metrics of the births before',
      [...names].every((name) => all.has(name)),
    );
    must(
      'NCMD was subscribed to at QoS 1 before',
      [...subscribed].some(([topic, qos]) => topic.includes('/NCMD/') && qos === 1),
    );
    aliases = new Set(given);
    names = all;
    seq = Number(payload.seq);
  };
  const data = (payload: Body) => {
    const metrics = payload.metrics ?? [];
    must('data follows a birth', seq !== undefined);
    must('sequence numbers go up by one', Number(payload.seq) === ((seq ?? 0) + 1) % 256);
    must(
      'data has aliases that the birth gave, and no names',
      metrics.every(({ alias, name }) => aliases.has(alias ?? '') && name === undefined),
    );
    must(
      'metrics of data have times',
      metrics.every(({ timestamp }) => timestamp !== undefined),
    );
    for (const { alias = '', timestamp } of metrics) {
      must('the times of a metric do not run back', Number(timestamp) >= (times.get(alias) ?? 0));
      times.set(alias, Number(timestamp));
    }
    const order = metrics.map(({ timestamp }) => Number(timestamp));
    must(
      'metrics are in the order of their times',
      order.every((at, i) => i === 0 || at >= (order[i - 1] ?? 0)),
    );
    seq = Number(payload.seq);
  };
  const publish = ({ topic, payload, qos, retain }: Act & { act: 'publish' }) => {
    const type = topic.split('/')[2];
    const read = body(payload);
    must('nothing is retained', !retain);
    must('messages have a time', read.timestamp !== undefined);
    must('births and data have QoS 0', type === 'NDEATH' || qos === 0);
    if (type === 'NBIRTH') birth(read);
    else if (type === 'NDATA') data(read);
    else
      must(
        'a death has the number of its session and no sequence number',
        bdSeqOf(read) === bdSeq && read.seq === undefined,
      );
  };
  for (const act of acts) {
    if (act.act === 'connect') connect(act);
    else if (act.act === 'subscribe') subscribed.set(act.topic, act.qos);
    else if (act.act === 'publish') publish(act);
  }
  return faults;
}

/** Which rules for primary hosts a conversation breaks. */
export function hostFaults(acts: readonly Act[]): string[] {
  const { faults, must } = checklist();
  const state = ({ payload }: Said) =>
    JSON.parse(payload.toString()) as { online: boolean; timestamp: number };
  let will: { online: boolean; timestamp: number } | undefined;
  let subscribed = false;
  let online = false;
  const connect = ({ clean, will: given }: Act & { act: 'connect' }) => {
    must('the session is clean', clean);
    must('there is a will', given !== undefined);
    if (given === undefined) return;
    must('the will is a STATE', given.topic.startsWith('spBv1.0/STATE/'));
    must('the will has QoS 1 and is retained', given.qos === 1 && given.retain);
    will = state(given);
    must('the will says offline', !will.online);
    [subscribed, online] = [false, false];
  };
  const say = (act: Act & { act: 'publish' }) => {
    const said = state(act);
    must('STATE has QoS 1 and is retained', act.qos === 1 && act.retain);
    must('the host subscribes before it says that it is online', subscribed);
    must('the birth has the time of the will', !said.online || said.timestamp === will?.timestamp);
    must('the death is not older than the birth', said.timestamp >= (will?.timestamp ?? 0));
    online = said.online;
  };
  const command = ({ topic, payload, qos, retain }: Act & { act: 'publish' }) => {
    const { seq, metrics = [] } = body(payload);
    must('a host sends commands only', topic.includes('CMD/'));
    must('commands come while online', online);
    must('commands have QoS 0 and are not retained', qos === 0 && !retain);
    must('commands have no sequence number', seq === undefined);
    const named = metrics.every(({ name, alias }) => name === 'Node Control/Rebirth' || alias !== undefined);
    must('births are asked for by name', named);
  };
  for (const act of acts) {
    if (act.act === 'connect') connect(act);
    else if (act.act === 'subscribe') subscribed ||= act.topic.startsWith('spBv1.0/');
    else if (act.act === 'publish') (act.topic.startsWith('spBv1.0/STATE/') ? say : command)(act);
  }
  must('the host says goodbye before a wanted end', !online);
  return faults;
}
