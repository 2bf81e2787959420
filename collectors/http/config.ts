import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { SECRET } from '../secret.ts';
import { Column, CsvFormat } from '../csv-format.ts';
import { parsePath } from '../path.ts';
import { TimeFormat } from '../wall-time.ts';

const address = (schemes: RegExp, example: string) =>
  z.string().refine((text) => isPlainUrl(text, schemes), {
    message: `must look like ${example}, without user or password`,
  });
const path = z.string().refine((text) => parsePath(text) !== undefined, {
  message: "must be a JSON path of names and indices, like $.data.items or $['motor 1'][0]",
});
const pollMs = z.number().int().min(100).max(86_400_000);
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower case letters, digits and hyphens');
const header = z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'must be the name of a header');
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'must be one line of Latin characters');

function isPlainUrl(text: string, schemes: RegExp): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return schemes.test(url.protocol) && url.username === '' && url.password === '' && url.hash === '';
}

/** Who we are. Each secret is called `password`, so that the plant model never holds one in the open. */
export const HttpAuth = z.union([
  z.strictObject({ header: z.strictObject({ name: header, password: headerValue.min(1).meta(SECRET) }) }),
  z.strictObject({ basic: z.strictObject({ user: z.string().min(1), password: z.string().meta(SECRET) }) }),
  /** RFC 6749, 4.4: client credentials. */
  z.strictObject({
    oauth2: z.strictObject({
      tokenUrl: address(/^https?:$/, 'https://login.example.com/token'),
      clientId: z.string().min(1),
      password: z.string().min(1).meta(SECRET),
      scope: z.string().min(1).optional(),
      parameters: z
        .record(z.string(), z.string())
        .default({})
        .describe('What else the server wants to know, such as audience or resource.'),
      sendAs: z
        .enum(['header', 'body'])
        .default('header')
        .describe("Where it wants the client's name and secret."),
    }),
  }),
]);
export type HttpAuth = z.infer<typeof HttpAuth>;

/** How an answer goes on over several pages. */
const Pages = z.union([
  /** The address of the next page is in the document. */
  z.strictObject({ next: path }),
  /** It is in the Link header (RFC 8288). */
  z.strictObject({ link: z.literal(true) }),
  /** A parameter counts pages, until one is empty. */
  z.strictObject({
    number: z.strictObject({ parameter: z.string().min(1), first: z.number().int().min(0).default(1) }),
  }),
  /** A parameter counts records, until a page holds fewer than `size`. */
  z.strictObject({
    offset: z.strictObject({ parameter: z.string().min(1), size: z.number().int().min(1).max(100_000) }),
  }),
]);
export type Pages = z.infer<typeof Pages>;

const Since = z.strictObject({
  parameter: z.string().min(1).describe('The parameter that holds the newest time seen.'),
  format: z.enum(['iso', 's', 'ms']).default('iso'),
  overlapMs: z
    .number()
    .int()
    .min(0)
    .max(31_536_000_000)
    .default(0)
    .describe(
      'So much is asked for again, for records that come late: what is there already is no reading twice.',
    ),
  firstMs: z
    .number()
    .int()
    .min(0)
    .max(315_360_000_000)
    .default(86_400_000)
    .describe('How far the first request looks back.'),
});

export const HttpRequest = z.strictObject({
  path: z.string().max(2000).default('').describe('Below the base URL.'),
  query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  pollMs: pollMs.optional(),
  format: z.enum(['json', 'csv']).default('json'),
  csv: CsvFormat.prefault({}),
  each: path.optional().describe('Where the list of records is. Without: the document is the record.'),
  timeAt: Column.optional().describe(
    "Where a record's time is, unless a tag says otherwise. Without: the time of receipt.",
  ),
  time: TimeFormat.prefault({}),
  pages: Pages.optional(),
  maxPages: z.number().int().min(1).max(10_000).default(100),
  since: Since.optional(),
});
export type HttpRequest = z.infer<typeof HttpRequest>;

export const HttpConfig = z.strictObject({
  url: address(/^https?:$/, 'https://api.example.com/v1').describe('What all requests have in common.'),
  pollMs: pollMs.default(60_000),
  headers: z.record(header, headerValue).default({}),
  auth: HttpAuth.optional(),
  caFile: z
    .string()
    .refine(isAbsolute, { message: 'must be a file from the root on' })
    .optional()
    .describe('Certificates of the authorities that are trusted, as PEM; instead of those of the system.'),
  timeoutMs: z
    .number()
    .int()
    .min(100)
    .max(600_000)
    .default(10_000)
    .describe('How long one answer may take, to its last byte.'),
  maxBytes: z
    .number()
    .int()
    .min(1024)
    .max(268_435_456)
    .default(16_777_216)
    .describe('How long an answer may be, unpacked.'),
  redirects: z.number().int().min(0).max(10).default(3),
  documents: z
    .strictObject({
      megabytes: z.number().min(0).max(100_000).default(64),
      days: z.number().min(0).max(3650).default(30),
    })
    .prefault({})
    .describe('Raw documents are kept, packed, for what is made of them later.'),
  requests: z.record(name, HttpRequest).refine((all) => Object.keys(all).length > 0, {
    message: 'needs at least one request',
  }),
});
export type HttpConfig = z.infer<typeof HttpConfig>;

/** A member of a record (a JSON path, or a plain name), or a column of a table. */
export const HttpAddress = z.strictObject({
  request: name,
  value: Column.refine(
    (place) => typeof place === 'number' || !place.startsWith('$') || parsePath(place) !== undefined,
    {
      message: 'must be a JSON path of names and indices, like $.flow, or a column',
    },
  ),
  time: Column.optional(),
  where: z
    .record(z.string(), z.string())
    .default({})
    .describe('Only records in which these members or columns hold these texts.'),
});
export type HttpAddress = z.infer<typeof HttpAddress>;

/** Without the query: it may hold a key. */
export function endpoint({ url }: HttpConfig): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

export const periodOf = (config: Pick<HttpConfig, 'pollMs'>, request: HttpRequest): number =>
  request.pollMs ?? config.pollMs;

export const contactMs = (config: HttpConfig): number =>
  Math.min(...Object.values(config.requests).map((request) => periodOf(config, request)));
