/** Errors of sockets and name look-ups. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EACCES',
]);

interface Remedy {
  readonly when: (code: string, message: string) => boolean;
  readonly say: (where: string, message: string) => string;
}

// The first one that fits is taken.
const remedies: readonly Remedy[] = [
  {
    when: (code) => code === '28P01' || code === '28000',
    say: (where, message) =>
      `The database at ${where} refused the login (${message}). Check user and password in database.url.`,
  },
  {
    when: (_, message) => message.includes('SASL') || message.includes('password must be'),
    say: (where) => `The database at ${where} asks for a password. Set one in database.url.`,
  },
  {
    when: (code) => code === '3D000',
    say: (where, message) =>
      `The server at ${where} answers, but: ${message}. Create it (createdb) or name another one in database.url.`,
  },
  {
    when: (code) => code === '53300',
    say: (where) =>
      `The database at ${where} has no free connection. Raise max_connections or close other clients.`,
  },
  {
    when: (code) => code === '57P03',
    say: (where, message) => `The database at ${where} is not ready yet (${message}).`,
  },
  {
    when: (code, message) =>
      /CERT|TLS|SSL|UNABLE_TO_VERIFY/.test(code) || /\bSSL\b|certificate/.test(message),
    say: (where, message) =>
      `No secure connection to the database at ${where} (${message}). Check sslmode and sslrootcert in database.url.`,
  },
  {
    when: (code) => code === 'ENOTFOUND' || code === 'EAI_AGAIN',
    say: (where) => `The host of the database at ${where} is unknown. Check the name in database.url.`,
  },
  {
    when: (code) => NETWORK.has(code) || code.startsWith('08') || code.startsWith('57P'),
    say: (where, message) =>
      `The database at ${where} cannot be reached (${message}). Is it running, and is database.url right?`,
  },
  {
    when: (_, message) => /^(Connection terminated|timeout expired|The worker of the database)/.test(message),
    say: (where, message) => `The database at ${where} cannot be reached (${message}).`,
  },
];

const codeOf = (err: Error): string =>
  'code' in err && typeof err.code === 'string' ? err.code : err.name === 'ThreadEnded' ? '08006' : '';

// A host with several addresses fails with one error for each.
const innermost = (err: Error): Error =>
  err instanceof AggregateError && err.errors[0] instanceof Error ? err.errors[0] : err;

/** What to tell people when the server is away or refuses us; null when the statement itself is at fault. */
export function outageOf(err: unknown, where: string): string | null {
  if (!(err instanceof Error)) return null;
  const inner = innermost(err);
  const message = inner.message === '' ? codeOf(inner) : inner.message;
  const fits = remedies.find(({ when }) => when(codeOf(inner), message));
  if (fits !== undefined) return fits.say(where, message);
  return inner.cause instanceof Error && inner.name !== 'error' ? outageOf(inner.cause, where) : null;
}

/** True where the same statement may well pass later: the server is away, full or shutting down. */
export function isOutage(err: unknown): boolean {
  if (outageOf(err, '') !== null) return true;
  return err instanceof Error && /^(53|58)/.test(codeOf(err));
}
