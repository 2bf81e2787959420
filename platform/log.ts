import { pino } from 'pino';
import type { DestinationStream, Logger as Pino } from 'pino';

export type Logger = Pick<Pino, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(fields: Record<string, unknown>): Logger;
};
export type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** JSON lines on standard output. Fields that may hold a secret are never printed. */
export function createLog(name: string, level: Level = 'info', destination?: DestinationStream): Logger {
  return pino(
    {
      name,
      level,
      redact: {
        paths: [
          'password',
          'token',
          'secret',
          'code',
          'cookie',
          'authorization',
          '*.password',
          '*.token',
          '*.secret',
          '*.code',
          '*.cookie',
          '*.authorization',
        ],
        censor: '[hidden]',
      },
    },
    ...(destination === undefined ? [] : [destination]),
  );
}
