import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { actorOf } from '../../../platform/access/actor.ts';
import type { Db } from '../../../platform/database/db.ts';
import { Problem } from '../../../platform/web/problem.ts';
import { Reply, route } from '../../../platform/web/route.ts';
import { provesKey, publicKeyOf, publicKeyText } from '../../seal.ts';
import { checkContent, isSignedBy, readSignature, SignatureRefused } from '../../signature.ts';
import type { Segment } from '../../wire.ts';
import {
  Acknowledgement,
  CellsAnswer,
  CellsQuestion,
  Contact,
  ContactAnswer,
  EnrolmentAnswer,
  EnrolmentRequest,
  Hello,
  HoursAnswer,
  HoursQuestion,
  KeyRequest,
  MessagesAnswer,
  SegmentAddress,
  SegmentFacts,
  TagDictionary,
  WIRE_VERSIONS,
} from '../../wire.ts';
import type { Bell } from '../bell.ts';
import { contact } from '../contact.ts';
import { answering, jsonOf, letIn, letInToWait, messageOf } from '../door.ts';
import type { Door } from '../door.ts';
import { enrolSite } from '../fleet.ts';
import { openGate } from '../gate.ts';
import type { Room } from '../gate.ts';
import type { Receive } from '../ingest.ts';
import { messagesFor } from '../messages.ts';
import { compareCells, compareHours } from '../proof.ts';
import { updateNextKey } from '../store/sites.ts';
import { upsertTags } from '../store/tags.ts';

const LARGEST_SEGMENT = 16 * 1024 * 1024;
const SMALL = 65_536;
const LONGEST_WAIT_S = 25;

export interface LinkRoutes {
  readonly db: Db;
  /** How much sites may have under way; absent: the usual. */
  readonly room?: Room;
  readonly receive: Receive;
  readonly bell: Bell;
  /** The centre's public key, for the sites to check models with. */
  readonly centreKey: KeyObject;
  /** Called when a site has changed; with the stream, if a segment of it came. */
  readonly changed: (stream?: Segment['stream']) => void;
}

/** What sites call. They are known by their signatures, so none of these asks for a session. */
export function linkRoutes(options: LinkRoutes) {
  const inside = { ...options, gate: openGate(options.room) };
  return [
    hello(),
    enrolments(options),
    segments(inside),
    dictionary(inside),
    contacts(inside),
    keys(inside),
    digests(inside),
    cells(inside),
    messages(options),
  ];
}

type Inside = LinkRoutes & Door;

const hello = () =>
  route({
    method: 'GET',
    path: '/sync/v1/hello',
    role: 'public',
    summary: "The centre's clock and the versions it speaks.",
    answer: Hello,
    handle: () => Promise.resolve({ now: Date.now(), versions: WIRE_VERSIONS }),
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
    async handle({ request, body, correlationId }) {
      const { token, publicKey } = enrolmentOf(body);
      return await answering(async () => {
        const message = messageOf(request);
        checkContent(message, body);
        if (!isSignedBy(message, readSignature(message).claim, publicKeyOf(publicKey)))
          throw new SignatureRefused('The request is not signed by the key it registers.');
        const site = await enrolSite(
          db,
          { token, publicKey },
          actorOf({ user: null, request, correlationId }),
        );
        changed();
        return { site: site.id, name: site.name, centreKey: publicKeyText(centreKey) };
      });
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

const segments = ({ receive, bell, changed, ...door }: Inside) =>
  route({
    method: 'POST',
    path: '/sync/v1/streams/{stream}/{epoch}/{seq}',
    role: 'public',
    summary:
      'Takes in one segment of a site. 424: send the tag dictionary. 409: count anew. 429: come later.',
    params: SegmentAddress,
    query: SegmentFacts,
    answer: Acknowledgement,
    handle: ({ request, params, query }) =>
      letIn(door, request, LARGEST_SEGMENT, async (site, payload) => {
        const answer = await receive({ site: site.id, segment: { ...params, ...query }, payload });
        changed(params.stream);
        // An order leaves a message for its site.
        if (params.stream === 'events') bell.ring(site.id);
        return answer;
      }),
  });

const dictionary = ({ changed, ...door }: Inside) =>
  route({
    method: 'POST',
    path: '/sync/v1/tags',
    role: 'public',
    summary: "Takes in a site's tag dictionary.",
    handle: ({ request }) =>
      letIn(door, request, LARGEST_SEGMENT, async (site, body) => {
        await upsertTags(
          door.db,
          site.id,
          jsonOf(TagDictionary, body, 'A dictionary is a JSON list of tags.'),
        );
        changed();
        return EMPTY;
      }),
  });

const EMPTY = new Reply({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' });

const contacts = ({ changed, ...door }: Inside) =>
  route({
    method: 'POST',
    path: '/sync/v1/contact',
    role: 'public',
    summary: "A site's call, once a minute. 409: another gateway is this site. 412: take another instance.",
    answer: ContactAnswer,
    handle: ({ request }) =>
      letIn(door, request, SMALL, async (site, body) => {
        const said = jsonOf(Contact, body, 'A contact is JSON with instance, call and clock.');
        return await contact(door.db, site.id, said, Date.now()).finally(() => changed());
      }),
  });

const keys = (door: Inside) =>
  route({
    method: 'POST',
    path: '/sync/v1/keys',
    role: 'public',
    summary: 'Announces the key that a site will sign with. Both hold until the first request signed by it.',
    handle: ({ request }) =>
      letIn(door, request, SMALL, async (site, body) => {
        const { publicKey, proof } = jsonOf(KeyRequest, body, 'A key is JSON with publicKey and proof.');
        if (!provesKey(site.id, publicKey, proof))
          throw new Problem({ status: 400, detail: 'The proof is not by the key that it announces.' });
        await updateNextKey(door.db, site.id, publicKey);
        return EMPTY;
      }),
  });

const digests = ({ changed, ...door }: Inside) =>
  route({
    method: 'POST',
    path: '/sync/v1/digests',
    role: 'public',
    summary: 'Compares hours of a site with what is here. Answers with those that differ.',
    answer: HoursAnswer,
    handle: ({ request }) =>
      letIn(door, request, LARGEST_SEGMENT, async (site, body) => {
        const question = jsonOf(HoursQuestion, body, 'This is JSON with tags and hours.');
        return { differ: await compareHours(door.db, site.id, question).finally(() => changed()) };
      }),
  });

const cells = (door: Inside) =>
  route({
    method: 'POST',
    path: '/sync/v1/digests/cells',
    role: 'public',
    summary:
      'Compares an hour of a site tag by tag. Answers with the tags whose readings are to be sent again.',
    answer: CellsAnswer,
    handle: ({ request }) =>
      letIn(door, request, LARGEST_SEGMENT, async (site, body) => {
        const question = jsonOf(CellsQuestion, body, 'This is JSON with hour, tags and cells.');
        return { differ: await compareCells(door.db, site.id, question) };
      }),
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
    answer: MessagesAnswer,
    handle: ({ request, query: { wait, after, epoch }, signal }) =>
      letInToWait({ db }, request, async (site) => {
        const asking = { site: site.id, epoch, after, waitMs: wait * 1000 };
        const { epoch: ours, messages: all } = await messagesFor(db, bell, asking, signal);
        return { epoch: ours, messages: [...all] };
      }),
  });
