import { t } from '../locale.ts';

const names = {
  malformed: 'fault.malformed',
  'not a number': 'fault.notANumber',
  overflow: 'fault.overflow',
  'refused address': 'fault.refusedAddress',
  'refused client': 'fault.refusedClient',
  timestamp: 'fault.timestamp',
  'unknown topic': 'fault.unknownTopic',
} as const;

/** What a source counts as a fault, in the language of the page; a kind without a name of its own as it is. */
export const faultName = (kind: string): string =>
  kind in names ? t(names[kind as keyof typeof names]) : kind;
