import { join } from 'node:path';
import type { OpcuaConfig } from './config.ts';

/** Turns the library's words into what a person can do. */
export function explained(err: unknown, config: OpcuaConfig, pkiFolder: string): Error {
  const said = err instanceof Error ? err.message : String(err);
  const [first = said] = said.split('\n');
  const remedy = remedyFor(said, config, pkiFolder);
  return new Error(
    `Cannot open a session at ${config.endpoint}: ${first.trim()}${remedy === undefined ? '' : ` ${remedy}`}`,
    {
      cause: err,
    },
  );
}

function remedyFor(said: string, config: OpcuaConfig, pkiFolder: string): string | undefined {
  if (/BadCertificateUntrusted|certificate.*not.*trust/i.test(said)) {
    return `The server's certificate is not trusted yet. It lies in ${join(pkiFolder, 'rejected')}: compare its fingerprint with the server's, then move it to ${join(pkiFolder, 'trusted', 'certs')}.`;
  }
  if (/BadUserAccessDenied|BadIdentityToken/.test(said)) return 'Check user and password of the source.';
  if (/BadSecurityPolicyRejected|BadSecurityModeRejected|endpoint.*(security|match)/i.test(said)) {
    return `The server does not offer ${config.security}${config.security === 'None' ? '' : ` with ${config.mode}`}: choose another security or mode.`;
  }
  if (
    config.security !== 'None' &&
    /disconnected by third party|BadSecurityChecksFailed|BadConnectionClosed/.test(said)
  ) {
    return `The server may not trust this gateway: have ${join(pkiFolder, 'own', 'certs')} accepted at the server.`;
  }
  if (/ECONNREFUSED|EHOSTUNREACH|ENOTFOUND|ETIMEDOUT|No answer/.test(said)) {
    return 'Check that the server runs and that address and port are right.';
  }
  return undefined;
}
