import { schemas } from '../../collectors/protocols.ts';
import type { Schemas } from '../../collectors/protocols.ts';
import { CONTACT_MS, CalculatedAddress, CalculatedConfig } from '../calculated/config.ts';

const calculated: Schemas = {
  config: CalculatedConfig,
  address: CalculatedAddress,
  endpoint: () => 'this gateway',
  contactMs: () => CONTACT_MS,
};

/** All that a source can be: a device behind a protocol, or tags that are computed from others. */
export const protocols = { ...schemas, calculated };
export type SourceProtocol = keyof typeof protocols;
