import type { WebRequest } from './server.ts';

/**
 * False where a browser says that another site made the request. Browsers send Origin with each request that may
 * change something and with each WebSocket; programs send neither header.
 */
export function isOwnOrigin({ headers }: Pick<WebRequest, 'headers'>): boolean {
  const origin = headers.get('origin');
  if (origin === undefined) return ['same-origin', 'none', undefined].includes(headers.get('sec-fetch-site'));
  return URL.canParse(origin) && new URL(origin).host === (headers.get('host') ?? '').toLowerCase();
}
