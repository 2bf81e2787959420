import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { UserTokenType } from 'node-opcua-client';
import type { UserIdentityInfo } from 'node-opcua-client';
import type { OpcuaConfig } from './config.ts';

/** Who the gateway is to the server. Files are read at each connect: a renewed one counts from then on. */
export async function identity(config: OpcuaConfig): Promise<UserIdentityInfo> {
  const { user, password, userCertificate, userKey } = config;
  if (userCertificate !== undefined && userKey !== undefined) {
    return byCertificate(
      await contentOf('userCertificate', userCertificate),
      await contentOf('userKey', userKey),
    );
  }
  if (user === undefined) return { type: UserTokenType.Anonymous };
  return { type: UserTokenType.UserName, userName: user, password: password ?? '' };
}

function byCertificate(certificateFile: Buffer, keyFile: Buffer): UserIdentityInfo {
  const certificate = parsed('userCertificate', () => new X509Certificate(certificateFile));
  const key = parsed('userKey', () => createPrivateKey(keyFile));
  if (!certificate.checkPrivateKey(key)) {
    throw new Error('userKey is not the key of userCertificate. Give the pair that was made together.');
  }
  const privateKey = String(key.export({ type: 'pkcs8', format: 'pem' }));
  return { type: UserTokenType.Certificate, certificateData: certificate.raw, privateKey };
}

async function contentOf(name: string, value: string): Promise<Buffer> {
  if (value.includes('-----BEGIN')) return Buffer.from(value);
  const read = await readFile(value).catch((err: unknown) => err as NodeJS.ErrnoException);
  if (Buffer.isBuffer(read)) return read;
  // What is named may be the content of a secret: neither it nor the cause, which repeats it, is shown.
  throw new Error(
    `${name} cannot be read (${read.code ?? read.name}). Name a file that the gateway may read, or give PEM text.`,
  );
}

function parsed<Result>(name: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (err) {
    throw new Error(
      `${name} is not understood. It must be PEM without a passphrase (a certificate: or DER).`,
      {
        cause: err,
      },
    );
  }
}
