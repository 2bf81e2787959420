import { follow, parsePath } from '../path.ts';
import type { HttpRequest } from './config.ts';
import type { Answer } from './exchange.ts';
import type { Document } from './document.ts';

/** Where a request begins: `base` and `path` joined with one slash, the query of both, and the newest time seen. */
export function firstUrl(base: string, request: HttpRequest, newest: number | undefined, now: number): URL {
  const url = new URL(base);
  const [path = '', query] = request.path.split('?');
  if (path !== '') url.pathname = `${url.pathname.replace(/\/$/, '')}/${path.replace(/^\//, '')}`;
  for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
  for (const [name, value] of parameters(request, newest, now)) url.searchParams.set(name, value);
  return url;
}

function parameters(
  { query, since, pages }: HttpRequest,
  newest: number | undefined,
  now: number,
): [string, string][] {
  const all = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  if (since !== undefined) {
    const from = newest === undefined ? now - since.firstMs : newest - since.overlapMs;
    all.push([since.parameter, written(from, since.format)]);
  }
  if (pages !== undefined && 'number' in pages)
    all.push([pages.number.parameter, String(pages.number.first)]);
  if (pages !== undefined && 'offset' in pages) all.push([pages.offset.parameter, '0']);
  return all;
}

/** Rounded down: a record is rather asked for twice than never. */
function written(at: number, format: 'iso' | 's' | 'ms'): string {
  if (format === 'iso') return new Date(Math.floor(at)).toISOString();
  return String(Math.floor(format === 's' ? at / 1000 : at));
}

/** A next page that may not be followed. */
export class StrangePage extends Error {
  override name = 'StrangePage';
}

/** The page after this one; undefined: that was the last. `index` counts pages from 0, `before` all records so far. */
export function nextUrl(
  { pages }: Pick<HttpRequest, 'pages'>,
  answer: Answer,
  document: Document,
  { index, before }: { readonly index: number; readonly before: number },
): URL | undefined {
  if (pages === undefined) return undefined;
  if ('next' in pages) return linked(follow(document.root, parsePath(pages.next) ?? []), answer.url);
  if ('link' in pages) return linked(nextIn([answer.headers['link'] ?? []].flat().join(', ')), answer.url);
  const url = new URL(answer.url);
  const count = document.records.length;
  if ('number' in pages) {
    url.searchParams.set(pages.number.parameter, String(pages.number.first + index + 1));
    return count === 0 ? undefined : url;
  }
  url.searchParams.set(pages.offset.parameter, String(before + count));
  return count < pages.offset.size ? undefined : url;
}

function linked(link: unknown, from: URL): URL | undefined {
  if (link === undefined || link === null || link === '' || link === false) return undefined;
  if (typeof link !== 'string' || !URL.canParse(link, from.href))
    throw new StrangePage('the next page has no address');
  const url = new URL(link, from);
  if (url.origin !== from.origin) throw new StrangePage(`the next page is elsewhere, at ${url.origin}`);
  return url;
}

/** RFC 8288: the target with the relation `next`. */
function nextIn(header: string): string | undefined {
  for (const [, target, parameters = ''] of header.matchAll(
    /<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g,
  )) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i.exec(parameters);
    if ((relation?.[1] ?? relation?.[2] ?? '').toLowerCase().split(/\s+/).includes('next')) return target;
  }
  return undefined;
}
