import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Refusal } from '../cli.ts';
import type { Logger } from '../log.ts';
import { listenWithNode } from './node.ts';
import type { ListenOptions, Server, TlsFiles } from './server.ts';
import { listenWithUws, loadUws } from './uws.ts';

export type Transport = 'auto' | 'uws' | 'node';

/** Opens the port on the transport asked for; `auto` takes uWebSockets.js where it loads. */
export async function listen(transport: Transport, options: ListenOptions, log: Logger): Promise<Server> {
  if (options.tls !== undefined) await checkTls(options.tls);
  const uws = transport === 'node' ? undefined : await tryUws(transport, log);
  try {
    return uws === undefined ? await listenWithNode(options) : await listenWithUws(uws, options);
  } catch (err) {
    throw await whyNot(options, err);
  }
}

async function tryUws(transport: 'auto' | 'uws', log: Logger) {
  try {
    return await loadUws();
  } catch (err) {
    if (transport === 'uws')
      throw new Error("Cannot load uWebSockets.js. Set transport to 'auto' or 'node'.", { cause: err });
    log.info(
      { reason: (err as Error).message },
      'uWebSockets.js does not load here; node:http serves instead.',
    );
    return undefined;
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program has it: end that one, or choose another port with web.port.',
  EACCES: 'Ports below 1024 need a privilege: choose a port from 1024 on.',
  EADDRNOTAVAIL: 'This machine does not have that address: choose one of its own, or 127.0.0.1.',
  ENOTFOUND: 'The host name is not known: choose an address of this machine, or 127.0.0.1.',
};

/** Finds the reason by trying again with node:net, since uWebSockets.js gives none. */
async function whyNot({ host, port }: ListenOptions, cause: unknown): Promise<Error> {
  const code = await new Promise<string>((resolve) => {
    const probe = createServer();
    probe.once('error', (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
    probe.listen({ host, port }, () => probe.close(() => resolve('')));
  });
  const remedy = REMEDIES[code] ?? (cause instanceof Error ? cause.message : '');
  return new Refusal(`Cannot listen on ${host}:${port}${code === '' ? '' : ` (${code})`}. ${remedy}`, 1, {
    cause,
  });
}

/** So that a wrong file is named before anything listens. */
async function checkTls({ certFile, keyFile }: TlsFiles): Promise<void> {
  const read = async <T>(file: string, what: string, parse: (bytes: Buffer) => T) => {
    try {
      return parse(await readFile(file));
    } catch (err) {
      throw new Error(`Cannot use ${file} as the TLS ${what}; it must be a readable PEM file.`, {
        cause: err,
      });
    }
  };
  const certificate = await read(certFile, 'certificate', (bytes) => new X509Certificate(bytes));
  const key = await read(keyFile, 'private key', (bytes) => createPrivateKey(bytes));
  if (!certificate.checkPrivateKey(key))
    throw new Error(`The TLS key ${keyFile} does not belong to the certificate ${certFile}.`);
}
