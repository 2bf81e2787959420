import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Db } from '../../../platform/database/db.ts';
import { Problem } from '../../../platform/web/problem.ts';
import { Reply, route } from '../../../platform/web/route.ts';
import type { WebRequest } from '../../../platform/web/server.ts';
import { publicKeyOf, publicKeyText } from '../../seal.ts';
import type { Message } from '../../signature.ts';
import { isSignedBy, readSignature, SignatureRefused } from '../../signature.ts';
import type { Segment } from '../../wire.ts';
import {
  Acknowledgement,
  EnrolmentAnswer,
  EnrolmentRequest,
  Hello,
  MessagesAnswer,
  SegmentAddress,
  SegmentFacts,
  TagDictionary,
  WIRE_VERSION,
} from '../../wire.ts';
import { authenticate } from '../authenticate.ts';
import type { Bell } from '../bell.ts';
import { EnrolmentRefused, enrolSite } from '../fleet.ts';
import { NumberTaken, UnknownTags } from '../ingest.ts';
import type { Receive } from '../ingest.ts';
import { messagesFor } from '../messages.ts';
import type { Site } from '../store/sites.ts';
import { upsertTags } from '../store/tags.ts';

const LARGEST_SEGMENT = 16 * 1024 * 1024;
const LONGEST_WAIT_S = 25;

export interface LinkRoutes {
  readonly db: Db;
  readonly receive: Receive;
  readonly bell: Bell;
  /** The centre's public key, for the sites to check models with. */
  readonly centreKey: KeyObject;
  /** Called when a site has changed; with the stream, if a segment of it came. */
  readonly changed: (stream?: Segment['stream']) => void;
}

/** What sites call. They are known by their signatures, so none of these asks for a session. */
export const linkRoutes = (options: LinkRoutes) => [
  hello(),
  enrolments(options),
  segments(options),
  dictionary(options),
  messages(options),
];

const hello = () =>
  route({
    method: 'GET',
    path: '/sync/v1/hello',
    role: 'public',
    summary: "The centre's clock and the versions it speaks.",
    answer: Hello,
    handle: () => Promise.resolve({ now: Date.now(), versions: [WIRE_VERSION] }),
  });

const enrolments = ({ db, centreKey, changed }: LinkRoutes) =>
  route({
    method: 'POST',
    path: '/sync/v1/enrolments',
    role: 'public',
    summary: 'Takes a site in: registers its key with a one-time token.',
    raw: true,
    maxBodyBytes: 4_096,
    answer: EnrolmentAnswer,
    async handle({ request, body }) {
      const { token, publicKey } = enrolmentOf(body);
      try {
        const message = messageOf(request);
        if (!isSignedBy(message, readSignature(message, body).claim, publicKeyOf(publicKey)))
          throw new SignatureRefused('The request is not signed by the key it registers.');
        const site = await enrolSite(db, token, publicKey);
        changed();
        return { site: site.id, name: site.name, centreKey: publicKeyText(centreKey) };
      } catch (err) {
        throw problemOf(err);
      }
    },
  });

function enrolmentOf(body: Uint8Array): EnrolmentRequest {
  const what = 'An enrolment is JSON with a token and an Ed25519 public key (SPKI in base64).';
  const request = jsonOf(EnrolmentRequest, body, what);
  try {
    publicKeyOf(request.publicKey);
    return request;
  } catch (err) {
    throw new Problem({ status: 400, detail: what }, { cause: err });
  }
}

/** The signature covers bytes, so bodies are read as such and parsed here. */
function jsonOf<T>(schema: z.ZodType<T>, body: Uint8Array, what: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch (err) {
    throw new Problem({ status: 400, detail: `${what} ${(err as Error).message}` }, { cause: err });
  }
}

const segments = ({ db, receive, bell, changed }: LinkRoutes) =>
  route({
    method: 'POST',
    path: '/sync/v1/streams/{stream}/{epoch}/{seq}',
    role: 'public',
    summary: 'Takes in one segment of a site. 424: send the tag dictionary. 409: count anew.',
    params: SegmentAddress,
    query: SegmentFacts,
    raw: true,
    maxBodyBytes: LARGEST_SEGMENT,
    answer: Acknowledgement,
    async handle({ request, params, query, body }) {
      const site = await signer(db, request, body);
      try {
        const answer = await receive({ site: site.id, segment: { ...params, ...query }, payload: body });
        changed(params.stream);
        // An order leaves a message for its site.
        if (params.stream === 'events') bell.ring(site.id);
        return answer;
      } catch (err) {
        throw problemOf(err);
      }
    },
  });

const dictionary = ({ db, changed }: LinkRoutes) =>
  route({
    method: 'POST',
    path: '/sync/v1/tags',
    role: 'public',
    summary: "Takes in a site's tag dictionary.",
    raw: true,
    maxBodyBytes: LARGEST_SEGMENT,
    async handle({ request, body }) {
      const site = await signer(db, request, body);
      await upsertTags(db, site.id, jsonOf(TagDictionary, body, 'A dictionary is a JSON list of tags.'));
      changed();
      return new Reply({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' });
    },
  });

const messages = ({ db, bell }: LinkRoutes) =>
  route({
    method: 'GET',
    path: '/sync/v1/messages',
    role: 'public',
    summary: 'What the site has not had yet. Waits for it at most `wait` seconds.',
    query: z.strictObject({
      wait: z.coerce.number().min(0).max(LONGEST_WAIT_S).default(LONGEST_WAIT_S),
      after: z.coerce.number().int().min(0),
      epoch: z.uuid().optional(),
    }),
    raw: true,
    maxBodyBytes: 0,
    answer: MessagesAnswer,
    async handle({ request, query: { wait, after, epoch }, body, signal }) {
      const site = await signer(db, request, body);
      const { epoch: ours, messages: all } = await messagesFor(
        db,
        bell,
        { site: site.id, epoch, after, waitMs: wait * 1000 },
        signal,
      );
      return { epoch: ours, messages: [...all] };
    },
  });

async function signer(db: Db, request: WebRequest, body: Uint8Array): Promise<Site> {
  try {
    return await authenticate(db, messageOf(request), body, Date.now());
  } catch (err) {
    throw problemOf(err);
  }
}

const messageOf = ({ method, path, query, headers }: WebRequest): Message => ({
  method,
  authority: headers.get('host') ?? '',
  path,
  query: `?${query}`,
  header: (name) => headers.get(name),
});

const STATUS = new Map<unknown, number>([
  [SignatureRefused, 401],
  [EnrolmentRefused, 403],
  [NumberTaken, 409],
  [UnknownTags, 424],
]);

/** The answer that tells a site what to do; anything else stays a fault of ours. */
function problemOf(err: unknown): unknown {
  if (!(err instanceof Error)) return err;
  const status = STATUS.get(err.constructor);
  return status === undefined ? err : new Problem({ status, detail: err.message }, { cause: err });
}
