import type { OpcuaConfig } from './config.ts';
import { ownCertificateFile } from './pki/own.ts';

/** Why there is no session, and what a person can do about it; the message has both. */
export class NoSession extends Error {
  override name = 'NoSession';
  readonly detail: string;
  readonly remedy: string;
  constructor(endpoint: string, detail: string, remedy: string, cause: unknown) {
    super(`Cannot open a session at ${endpoint}: ${detail} ${remedy}`.trim(), { cause });
    this.detail = detail;
    this.remedy = remedy;
  }
}

/** Turns the library's words into what a person can do. */
export function explained(err: unknown, config: OpcuaConfig, pki: string): NoSession {
  if (err instanceof NoSession) return err;
  const said = err instanceof Error ? err.message : String(err);
  return new NoSession(config.endpoint, sentence(innermost(said)), remedyOf(err, said, config, pki), err);
}

/** The library wraps what was said: `The connection may have been rejected by server,\n Err = (…)`. */
function innermost(said: string): string {
  const wrapped = /err\s*=\s*\((.+)\)/is.exec(said)?.[1];
  if (wrapped !== undefined) return innermost(wrapped);
  return said.split('\n')[0] ?? said;
}

/** One that has its remedy with it (security.ts, pki/judge.ts) needs no guess. */
function remedyOf(err: unknown, said: string, config: OpcuaConfig, pki: string): string {
  if (err instanceof Error && 'remedy' in err && typeof err.remedy === 'string') return err.remedy;
  return remedies.find(([symptom]) => symptom.test(said))?.[1](config, pki) ?? '';
}

const sentence = (text: string): string => (/[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);

const tellTheServer = (pki: string): string =>
  `Have the gateway's own certificate (${ownCertificateFile(pki)}, also on the page of certificates) trusted at the server: it usually lies in the server's list of rejected ones now.`;

/** The server closed the connection instead of an answer, or said that it does not trust us. */
export const REJECTED =
  /disconnected by third party|BadSecurityChecksFailed|BadConnectionClosed|BadCertificate(Untrusted|Invalid|UriInvalid|UseNotAllowed|IssuerUseNotAllowed|ChainIncomplete|TimeInvalid)|ECONNRESET|premature/i;

/** The first symptom that fits. Status codes as of OPC 10000-4, 7.39.2. */
const remedies: readonly (readonly [RegExp, (config: OpcuaConfig, pki: string) => string])[] = [
  [
    /BadTooManySessions|BadMaxConnectionsReached|BadTcpNotEnoughResources|BadTooManySecureChannels|BadTcpServerTooBusy/,
    () =>
      'The server has as many sessions as it allows: close those that nobody needs, or raise its limit. Sessions of clients that vanished end by themselves within a minute or so.',
  ],
  [
    /BadInvalidTimestamp|BadNonceInvalid|BadCertificateTimeInvalid|BadCertificateIssuerTimeInvalid/,
    () =>
      'The clocks of the server and of this machine differ, or a certificate has expired at the server: set both by NTP, then look at the validity of the certificates.',
  ],
  [
    /BadCertificateHostNameInvalid|BadCertificateUriInvalid/,
    () => 'A certificate names another host or application than the one in use: have it made anew.',
  ],
  [
    /BadUserAccessDenied|BadIdentityToken|BadUserSignatureInvalid|token policy/i,
    ({ userCertificate }) =>
      userCertificate === undefined
        ? 'Check user and password of the source, and whether the server lets this user in.'
        : "Have the user's certificate (userCertificate) trusted at the server as that of a user, and check its validity.",
  ],
  [
    /BadSecurityPolicyRejected|BadSecurityModeRejected|BadSecurityModeInsufficient|endpoint.*(security|match|exist)/i,
    ({ security, mode }) =>
      `The server does not accept ${security}${security === 'None' ? '' : ` with ${mode}`}: choose another security or mode.`,
  ],
  [
    /BadTcpMessageTooLarge|BadRequestTooLarge|BadResponseTooLarge|BadEncodingLimitsExceeded|too (large|big)|exceed/i,
    () =>
      "A message is larger than one side allows: raise 'maxMessageMegabytes' of the source, or the server's limit, or read fewer nodes.",
  ],
  [
    /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|server is (up|not reachable)|cannot be established/i,
    () => 'Check that the server runs, that address and port are right, and that no firewall is between.',
  ],
  [/ENOTFOUND|EAI_AGAIN/, () => 'The host name is not known: check its spelling, or use the IP address.'],
  [
    /ETIMEDOUT|No answer|timeout|timed out/i,
    () =>
      'Nothing answers there in time: check address and port, firewalls, and whether the server is frozen or still starting.',
  ],
  [
    /BadServerHalted|BadShutdown|BadServerTooBusy/,
    () => 'The server is stopping, or busy: wait, or restart it.',
  ],
  [
    REJECTED,
    ({ security }, pki) =>
      security === 'None'
        ? 'The server closes the connection without a word: look into its log, and whether it allows more clients.'
        : `The server may not trust this gateway. ${tellTheServer(pki)}`,
  ],
];
