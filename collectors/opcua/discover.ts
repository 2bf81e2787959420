import { MessageSecurityMode, OPCUAClient, SecurityPolicy } from 'node-opcua-client';
import type { EndpointDescription, OPCUAClientOptions } from 'node-opcua-client';
import { StatusCodes } from 'node-opcua-client';
import type { Own } from './pki/own.ts';

type Store = NonNullable<OPCUAClientOptions['clientCertificateManager']>;
type KeyPair = NonNullable<OPCUAClientOptions['certificateKeyPairProvider']>;

const REQUEST_MS = 5_000;
/** The library waits for half of it while it connects. */
const TRANSPORT_MS = 8_000;

/** What each of our clients has in common: who we are, and that the supervisor alone reconnects. */
export const clientOptions = (own: Own): OPCUAClientOptions => ({
  applicationName: 'Penstock',
  clientName: 'Penstock',
  certificateKeyPairProvider: keyPair(own),
  clientCertificateManager: unasked(),
  connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
  keepSessionAlive: false,
  defaultTransactionTimeout: REQUEST_MS,
  transportTimeout: TRANSPORT_MS,
});

/** Asks a server which endpoints it has (OPC 10000-4, 5.5.4): needs neither security nor a session. */
export async function discover(endpoint: string, own: Own): Promise<readonly EndpointDescription[]> {
  const client = OPCUAClient.create({
    ...clientOptions(own),
    securityPolicy: SecurityPolicy.None,
    securityMode: MessageSecurityMode.None,
  });
  try {
    await client.connect(endpoint);
    return await client.getEndpoints();
  } finally {
    await client.disconnect();
  }
}

function keyPair({ certificate, key }: Own): KeyPair {
  return {
    getCertificate: () => certificate.raw,
    getCertificateChain: () => [certificate.raw],
    getPrivateKey: () => ({ hidden: key }),
  };
}

/** Certificates of servers are judged before the library sees them (pki/judge.ts), with reasons it does not give. */
function unasked(): Store {
  const nothing = () => Promise.resolve();
  return {
    referenceCounter: 0,
    initialize: nothing,
    dispose: nothing,
    checkCertificate: () => Promise.resolve(StatusCodes.Good),
    verifyCertificate: () => Promise.resolve('Good'),
    trustCertificate: nothing,
    rejectCertificate: nothing,
    getTrustStatus: () => Promise.resolve(StatusCodes.Good),
    addIssuer: nothing,
    addRevocationList: nothing,
  };
}
