import { z } from 'zod';
import { Settings } from '../forecasting/artefact.ts';

/** The version of this file's messages. A centre takes its own and the one before; a site speaks one. */
export const WIRE_VERSION = 2;
/** What a centre takes. */
export const WIRE_VERSIONS = [WIRE_VERSION, 1];

const tag = z.number().int().min(1).max(2_147_483_647);
/** Milliseconds since the epoch; the fraction holds microseconds. */
const instantMs = z.number().min(0).max(8_640_000_000_000_000);
const line = z.string().max(2_000);

/** What the centre must know of a tag to store its readings and to train on them. */
export const TagEntry = z.strictObject({
  id: tag,
  name: line.min(1),
  description: line,
  unit: line,
  kind: z.enum(['number', 'text']),
  decimals: z.number().int().min(0).max(20),
  area: line,
});
export type TagEntry = z.infer<typeof TagEntry>;

/** `POST /sync/v1/tags`: the whole dictionary, ahead of all that waits, when the centre lacks a tag. */
export const TagDictionary = z.array(TagEntry).min(1);

/** Entries of the dictionary that are new or changed. */
const Tags = z.strictObject({ type: z.literal('tags'), tags: TagDictionary });

/** A change of an alarm occurrence, with the words of its rule. */
const Alarm = z.strictObject({
  type: z.literal('alarm'),
  id: z.uuid(),
  rule: z.number().int(),
  tag,
  kind: z.enum(['high', 'low']),
  priority: z.number().int().min(1).max(4),
  event: z.enum(['raised', 'cleared', 'acknowledged', 'raised again']),
  state: z.enum(['normal', 'active', 'acknowledged', 'returned']),
  at: instantMs,
  value: z.number().nullable(),
  limit: z.number(),
  by: line.nullable(),
  comment: line.nullable(),
});

/** A change of an alarm that a device of the site watches itself, with the device's words for it. */
const DeviceAlarm = z.strictObject({
  type: z.literal('device-alarm'),
  id: z.uuid(),
  source: line,
  name: line,
  of: line,
  tag: tag.nullable(),
  area: line,
  message: line,
  severity: z.number().int().min(1).max(1000),
  priority: z.number().int().min(1).max(4),
  event: z.enum(['raised', 'cleared', 'acknowledged', 'raised again', 'changed']),
  state: z.enum(['normal', 'active', 'acknowledged', 'returned']),
  at: instantMs,
  by: line.nullable(),
  comment: line.nullable(),
});

const TrainingOrdered = z.strictObject({
  type: z.literal('training-ordered'),
  id: z.uuid(),
  tag,
  /** One that this centre does not train fails the training, not the message. */
  kind: z.string().min(1).max(64),
  settings: Settings,
  /** Null: all that is there. */
  from: instantMs.nullable(),
  to: instantMs,
  orderedAt: instantMs,
  orderedBy: line,
});
export type TrainingOrdered = z.infer<typeof TrainingOrdered>;

/** Site to centre, on the stream `events`, in order. */
export const SiteEvent = z.discriminatedUnion('type', [Tags, Alarm, DeviceAlarm, TrainingOrdered]);
export type SiteEvent = z.infer<typeof SiteEvent>;

/** The payload of a segment of the stream `events`. */
export const EventsPayload = z.array(SiteEvent).min(1);

/** What stands in a segment's address. Path and query are signed with the request, as is the payload's digest. */
export const SegmentAddress = z.strictObject({
  stream: z.enum(['events', 'readings']),
  /** Changes when the numbering starts anew: the site's database was made or restored, or the centre is another. */
  epoch: z.uuid(),
  /** Gapless from 1 within stream and epoch. */
  seq: z.coerce.number().int().min(1),
});
export const SegmentFacts = z.strictObject({
  kind: z.string().max(32),
  /** The last number that it covers, where it was made of several neighbours. */
  through: z.coerce.number().int().min(1).optional(),
  n: z.coerce.number().int().min(0),
  tMin: z.coerce.number(),
  tMax: z.coerce.number(),
  crc: z.coerce.number().int().min(0).max(0xffff_ffff),
});
/** How a payload is written. A change makes a new name, never a new meaning. */
export type SegmentKind = 'events-1' | 'readings-1' | 'corrections-1';
export type Segment = z.infer<typeof SegmentAddress> & z.infer<typeof SegmentFacts>;

export const segmentPath = (segment: Segment): string =>
  `/sync/v1/streams/${segment.stream}/${segment.epoch}/${segment.seq}` +
  `?kind=${segment.kind}${segment.through === undefined ? '' : `&through=${segment.through}`}&n=${segment.n}&tMin=${segment.tMin}&tMax=${segment.tMax}&crc=${segment.crc}`;

/**
 * The centre's answer to a segment: in each case it need not be sent again. `quarantined`: the centre could not
 * read it and has kept its payload for a person to look at.
 */
export const Acknowledgement = z.object({
  state: z.enum(['stored', 'duplicate', 'quarantined']),
  reason: z.string().optional(),
});
export type Acknowledgement = z.infer<typeof Acknowledgement>;

const TrainingStatus = z.object({
  type: z.literal('training-status'),
  id: z.uuid(),
  state: z.enum(['queued', 'running', 'failed']),
  error: z.string().nullable(),
});

/** A trained model. `signature` is the centre's, over the training's id and the digest (see `seal.ts`). */
const Model = z.object({
  type: z.literal('model'),
  training: z.uuid(),
  /** The artefact's JSON, byte for byte: its digest and signature are of this text. */
  artefact: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.base64(),
});

/** Centre to site. */
export const CentreMessage = z.discriminatedUnion('type', [TrainingStatus, Model]);
export type CentreMessage = z.infer<typeof CentreMessage>;

/** The answer to `GET /sync/v1/messages?epoch=&after=`: what follows `after`, oldest first. */
export const MessagesAnswer = z.object({
  /** Another one than asked for: the numbering started anew at the centre. */
  epoch: z.uuid(),
  messages: z.array(z.object({ seq: z.number().int(), body: z.unknown() })),
});
export type MessagesAnswer = z.infer<typeof MessagesAnswer>;

/** `POST /sync/v1/enrolments`, signed with the key it registers. The same request gets the same answer. */
export const EnrolmentRequest = z.strictObject({
  token: z.string().min(16).max(200),
  /** Ed25519, SubjectPublicKeyInfo (RFC 8410) in base64. */
  publicKey: z.base64().max(200),
});
export const EnrolmentAnswer = z.object({
  site: z.uuid(),
  name: z.string(),
  /** The key that the centre signs models with. */
  centreKey: z.base64(),
});
export type EnrolmentRequest = z.infer<typeof EnrolmentRequest>;
export type EnrolmentAnswer = z.infer<typeof EnrolmentAnswer>;

/** `GET /sync/v1/hello`, unsigned: what a site needs to know before it signs. */
export const Hello = z.object({ now: z.number(), versions: z.array(z.number().int()) });

/** `POST /sync/v1/contact`: a site's call, first of all and then every minute. */
export const Contact = z.strictObject({
  /** Which of all machines with the site's key it is, and how often it has called: a copy is noticed by both. */
  instance: z.uuid(),
  call: z.number().int().min(1),
  /** It ends now: another one may take its place at once. */
  leaving: z.boolean(),
  /** The site's clock, and how long a question takes. */
  sentAt: z.number(),
  roundTripMs: z.number().min(0),
  /** Null: nothing there tells. */
  synchronised: z.boolean().nullable(),
  version: z.string().max(64),
});
export type Contact = z.infer<typeof Contact>;

/** Up to when the site's readings were compared; null: never. Earlier than the site knows: the centre was restored. */
export const ContactAnswer = z.object({ provenTo: z.number().nullable() });

/** `POST /sync/v1/keys`, signed by the key of before; the proof is by the new one. */
export const KeyRequest = z.strictObject({ publicKey: z.base64().max(200), proof: z.base64().max(200) });

const ranges = z.string().max(200_000);
const hour = z.number().int().min(0).multipleOf(3_600_000);
/** A hash of 64 bits as a decimal number. */
const checksum = z.string().regex(/^-?\d{1,20}$/);

/** `POST /sync/v1/digests`: one digest for all of an hour's readings of these tags. */
export const HoursQuestion = z.strictObject({
  /** What is older is gone at the site. */
  keptFrom: z.number().min(0),
  tags: ranges,
  hours: z.array(z.strictObject({ hour, digest: z.string().max(64) })).max(1_000),
});
export type HoursQuestion = z.infer<typeof HoursQuestion>;
/** The hours that are to be looked at tag by tag. */
export const HoursAnswer = z.object({ differ: z.array(z.number()) });

/** `POST /sync/v1/digests/cells`: the digest of each tag within an hour, as tag, count and checksum. */
export const CellsQuestion = z.strictObject({
  hour,
  tags: ranges,
  cells: z.array(z.tuple([tag, z.number().int().min(1), checksum])),
});
export type CellsQuestion = z.infer<typeof CellsQuestion>;
/** The tags of which the hour is to be sent again. */
export const CellsAnswer = z.object({ differ: z.array(z.number()) });
