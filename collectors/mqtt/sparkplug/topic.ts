/** `spBv1.0/group/TYPE/node[/device]` or `spBv1.0/STATE/host` (Sparkplug 3.0, chapter 4). */
export const NAMESPACE = 'spBv1.0';

const NODE_TYPES = ['NBIRTH', 'NDEATH', 'NDATA', 'NCMD'] as const;
const DEVICE_TYPES = ['DBIRTH', 'DDEATH', 'DDATA', 'DCMD'] as const;
export type MessageType = (typeof NODE_TYPES)[number] | (typeof DEVICE_TYPES)[number];

export interface NodeTopic {
  readonly type: MessageType;
  readonly group: string;
  readonly node: string;
  /** Only of D messages. */
  readonly device: string | undefined;
}
export interface StateTopic {
  readonly type: 'STATE';
  readonly host: string;
}

/** Undefined: no topic of Sparkplug B. */
export function parseTopic(topic: string): NodeTopic | StateTopic | undefined {
  const parts = topic.split('/');
  const [namespace, group = '', word = ''] = parts;
  if (namespace !== NAMESPACE || parts.includes('')) return undefined;
  if (group !== 'STATE') return parseNodeTopic(parts);
  return parts.length === 3 ? { type: 'STATE', host: word } : undefined;
}

function parseNodeTopic(parts: readonly string[]): NodeTopic | undefined {
  const [, group = '', word = '', node = '', device] = parts;
  const known = parts.length === 4 ? NODE_TYPES : parts.length === 5 ? DEVICE_TYPES : [];
  const type = known.find((one) => one === word);
  return type === undefined ? undefined : { type, group, node, device };
}

export const nodeTopic = (type: MessageType, group: string, node: string, device?: string): string =>
  [NAMESPACE, group, type, node, ...(device === undefined ? [] : [device])].join('/');

export const hostTopic = (host: string): string => `${NAMESPACE}/STATE/${host}`;

/** What a name in a topic may be made of. */
export const isName = (text: string): boolean => text !== '' && !/[/+#\0]/.test(text);
