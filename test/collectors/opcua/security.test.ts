import { EndpointDescription, MessageSecurityMode, SecurityPolicy, UserTokenType } from 'node-opcua-client';
import { expect, test } from 'vitest';
import { OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { explained } from '../../../collectors/opcua/explain.ts';
import { checkUser, choose, describeSecurity, NotOffered } from '../../../collectors/opcua/security.ts';

const { None, Sign, SignAndEncrypt } = MessageSecurityMode;
const anEndpoint = (
  policy: string,
  securityMode: MessageSecurityMode,
  tokens: readonly (readonly [UserTokenType, string | null])[] = [[UserTokenType.Anonymous, null]],
) =>
  new EndpointDescription({
    securityPolicyUri: policy,
    securityMode,
    userIdentityTokens: tokens.map(([tokenType, securityPolicyUri]) => ({ tokenType, securityPolicyUri })),
  });
const configured = (more: object = {}) => OpcuaConfig.parse({ endpoint: 'opc.tcp://plc:4840', ...more });

test('best takes encryption before signatures, and the strongest policy of those', () => {
  const offered = [
    anEndpoint(SecurityPolicy.None, None),
    anEndpoint(SecurityPolicy.Aes256_Sha256_RsaPss, Sign),
    anEndpoint(SecurityPolicy.Basic128Rsa15, SignAndEncrypt),
    anEndpoint(SecurityPolicy.Aes128_Sha256_RsaOaep, SignAndEncrypt),
    anEndpoint(SecurityPolicy.Basic256Sha256, SignAndEncrypt),
  ];
  const best = configured({ security: 'best' });
  expect(describeSecurity(choose(offered, best))).toBe('Basic256Sha256 with SignAndEncrypt');
  expect(describeSecurity(choose(offered.slice(0, 3), best))).toBe('Aes256_Sha256_RsaPss with Sign');
});

test('best never falls back to nothing, nor to what is broken: somebody on the line may have taken the rest away', () => {
  const offered = [
    anEndpoint(SecurityPolicy.None, None),
    anEndpoint(SecurityPolicy.Basic256, SignAndEncrypt),
  ];
  expect(() => choose(offered, configured({ security: 'best' }))).toThrow(NotOffered);
  expect(() => choose(offered, configured({ security: 'best' }))).toThrow(
    'it offers None, Basic256 with SignAndEncrypt',
  );
});

test('a password in clear is warned of, and only that', () => {
  const password = configured({ user: 'gateway', password: 'secret' });
  const warnings = (policy: string, mode: MessageSecurityMode, token: string | null) =>
    checkUser(anEndpoint(policy, mode, [[UserTokenType.UserName, token]]), password).length;
  expect(warnings(SecurityPolicy.None, None, null)).toBe(1);
  expect(warnings(SecurityPolicy.None, None, SecurityPolicy.None)).toBe(1);
  expect(warnings(SecurityPolicy.None, None, SecurityPolicy.Basic256Sha256)).toBe(0);
  expect(warnings(SecurityPolicy.Basic256Sha256, Sign, null)).toBe(0);
  expect(warnings(SecurityPolicy.Basic256Sha256, Sign, SecurityPolicy.None)).toBe(1);
  expect(warnings(SecurityPolicy.Basic256Sha256, SignAndEncrypt, SecurityPolicy.None)).toBe(0);
});

test('a kind of user that the server does not let in is told with those it does', () => {
  const endpoint = anEndpoint(SecurityPolicy.None, None, [[UserTokenType.UserName, null]]);
  expect(() => checkUser(endpoint, configured())).toThrow(
    /does not let in anonymous users.*user names with passwords/,
  );
});

test.each([
  ['BadTooManySessions (0x80560000)', 'close those that nobody needs'],
  ['Error BadInvalidTimestamp', 'clocks'],
  ['BadCertificateTimeInvalid', 'clocks'],
  ['BadUserAccessDenied (0x801f0000)', 'user and password'],
  ['BadSecurityPolicyRejected', 'choose another security'],
  ['BadCertificateHostNameInvalid', 'names another host'],
  ['BadTcpMessageTooLarge', 'maxMessageMegabytes'],
  ['connect ECONNREFUSED 127.0.0.1:4840', 'Check that the server runs'],
  ['getaddrinfo ENOTFOUND plc', 'host name is not known'],
  ['No answer within 10 s.', 'Nothing answers there in time'],
  ['socket has been disconnected by third party', "Have the gateway's own certificate"],
  [
    'The connection may have been rejected by server,\n Err = (premature disconnection)',
    "Have the gateway's own",
  ],
])('%s has a remedy', (said, remedy) => {
  const error = explained(new Error(said), configured({ security: 'best' }), '/pki');
  expect(error.remedy).toContain(remedy);
  expect(error.message).toContain('opc.tcp://plc:4840');
  expect(error.message).toContain(remedy);
});
