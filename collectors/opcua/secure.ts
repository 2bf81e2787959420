import { coerceSecurityPolicy, MessageSecurityMode, SecurityPolicy } from 'node-opcua-client';
import type { EndpointDescription, OPCUAClientOptions } from 'node-opcua-client';
import type { OpcuaConfig } from './config.ts';
import { discover } from './discover.ts';
import { judge } from './pki/judge.ts';
import type { Own } from './pki/own.ts';
import { checkUser, choose } from './security.ts';

/** How to open the channel, and what is odd about it though accepted. */
export interface Way {
  readonly options: Pick<OPCUAClientOptions, 'securityPolicy' | 'securityMode' | 'serverCertificate'>;
  readonly notices: readonly string[];
}

const plain: Way = {
  options: { securityPolicy: SecurityPolicy.None, securityMode: MessageSecurityMode.None },
  notices: [],
};

/** Finds the endpoint that is asked for, and judges its certificate. Without security or a user there is nothing to find. */
export async function wayTo(config: OpcuaConfig, pki: string, own: Own): Promise<Way> {
  const anyone = config.user === undefined && config.userCertificate === undefined;
  if (config.security === 'None' && anyone) return plain;
  const endpoint = choose(await discover(config.endpoint, own), config);
  const notices = checkUser(endpoint, config);
  return config.security === 'None'
    ? { ...plain, notices }
    : secured(endpoint, notices.concat(await judgeServer(endpoint, config, pki)));
}

const secured = (endpoint: EndpointDescription, notices: readonly string[]): Way => ({
  options: {
    securityPolicy: coerceSecurityPolicy(endpoint.securityPolicyUri),
    securityMode: endpoint.securityMode,
    serverCertificate: endpoint.serverCertificate,
  },
  notices,
});

/** What is odd about the server's certificate; rejects with a `CertificateRefused`. */
export const judgeServer = (
  endpoint: EndpointDescription,
  config: OpcuaConfig,
  pki: string,
): Promise<string[]> =>
  judge(
    pki,
    {
      certificate: endpoint.serverCertificate,
      host: hostIn(config.endpoint),
      applicationUri: endpoint.server.applicationUri ?? '',
    },
    config,
    Date.now(),
  );

export const hostIn = (endpoint: string): string => new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
export const portIn = (endpoint: string): number => Number(new URL(endpoint).port) || 4840;
