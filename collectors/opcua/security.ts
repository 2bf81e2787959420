import { MessageSecurityMode, SecurityPolicy, UserTokenType } from 'node-opcua-client';
import type { EndpointDescription } from 'node-opcua-client';
import type { OpcuaConfig } from './config.ts';

/** Strongest first. The older ones are refused: Node.js does not do their RSA padding any more (CVE-2023-46809). */
const policies = ['Aes256_Sha256_RsaPss', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep'] as const;
const modes = [MessageSecurityMode.SignAndEncrypt, MessageSecurityMode.Sign];

/** The server offers nothing of what is asked for. */
export class NotOffered extends Error {
  override name = 'NotOffered';
  readonly remedy: string;
  constructor(what: string, remedy: string) {
    super(what);
    this.remedy = remedy;
  }
}

/** The endpoint whose security the configuration asks for. Throws `NotOffered`, with what there is instead. */
export function choose(
  endpoints: readonly EndpointDescription[],
  config: Pick<OpcuaConfig, 'security' | 'mode'>,
): EndpointDescription {
  const wanted = wishes(config);
  for (const [policy, mode] of wanted) {
    const found = endpoints.find(
      ({ securityPolicyUri, securityMode }) => securityPolicyUri === policy && securityMode === mode,
    );
    if (found !== undefined) return found;
  }
  const offers = [...new Set(endpoints.map(describeSecurity))];
  throw new NotOffered(
    `The server does not offer ${describeWish(config)} (BadSecurityPolicyRejected); it offers ${offers.join(', ') || 'nothing'}.`,
    offers.every((offer) => offer === 'None' || /Basic128|Basic256\b/.test(offer))
      ? 'Switch on a security policy at the server, at best Basic256Sha256 or an Aes one; or set security to None where the network is protected.'
      : 'Choose one of them as security and mode of the source, or switch the wanted one on at the server.',
  );
}

function wishes({ security, mode }: Pick<OpcuaConfig, 'security' | 'mode'>) {
  if (security === 'None') return [[SecurityPolicy.None, MessageSecurityMode.None]] as const;
  if (security !== 'best') return [[SecurityPolicy[security], MessageSecurityMode[mode]]] as const;
  return modes.flatMap((one) => policies.map((policy) => [SecurityPolicy[policy], one] as const));
}

const describeWish = ({ security, mode }: Pick<OpcuaConfig, 'security' | 'mode'>): string => {
  if (security === 'None') return 'a connection without security';
  return security === 'best' ? 'any security that is still good' : `${security} with ${mode}`;
};

/** Basic256Sha256 with Sign, or None. */
export function describeSecurity({ securityPolicyUri, securityMode }: EndpointDescription): string {
  const policy = (securityPolicyUri ?? '').split('#')[1] ?? String(securityPolicyUri);
  return policy === 'None' ? policy : `${policy} with ${MessageSecurityMode[securityMode]}`;
}

const userTokens = {
  [UserTokenType.Anonymous]: 'anonymous users',
  [UserTokenType.UserName]: 'user names with passwords',
  [UserTokenType.Certificate]: 'users with certificates',
  [UserTokenType.IssuedToken]: 'users with issued tokens',
  [UserTokenType.Invalid]: 'an unknown kind of user',
} as const;

export const tokenType = ({ user, userCertificate }: OpcuaConfig): UserTokenType => {
  if (userCertificate !== undefined) return UserTokenType.Certificate;
  return user === undefined ? UserTokenType.Anonymous : UserTokenType.UserName;
};

/** Checks that the endpoint lets this kind of user in. Returns what is to be warned of. */
export function checkUser(endpoint: EndpointDescription, config: OpcuaConfig): string[] {
  const type = tokenType(config);
  const offered = endpoint.userIdentityTokens ?? [];
  const usable = offered.filter((token) => token.tokenType === type);
  if (usable.length === 0) {
    const kinds = [...new Set(offered.map((token) => userTokens[token.tokenType]))];
    throw new NotOffered(
      `The server does not let in ${userTokens[type]} (BadIdentityTokenRejected) with ${describeSecurity(endpoint)}; it lets in ${kinds.join(', ') || 'nobody'}.`,
      'Give the source the user that the server asks for, or let this kind in at the server.',
    );
  }
  const encrypted =
    endpoint.securityMode === MessageSecurityMode.SignAndEncrypt ||
    usable.some(({ securityPolicyUri }) => isSecure(securityPolicyUri, endpoint.securityPolicyUri));
  return type === UserTokenType.UserName && !encrypted
    ? [
        'The password travels in clear: the server offers no encryption for it without a security policy. Set security to best, or protect the network.',
      ]
    : [];
}

/** A token without a policy of its own has that of the endpoint (OPC 10000-4, 7.41). */
const isSecure = (own: string | null, endpoints: string | null): boolean => {
  const policy = own === null || own === '' ? endpoints : own;
  return policies.some((name) => SecurityPolicy[name] === policy);
};
