import * as timers from 'node:timers/promises';
import type { KeyObject } from 'node:crypto';
import { Artefact } from '../../forecasting/artefact.ts';
import type { Db } from '../../platform/database/db.ts';
import { isRefusal } from '../../platform/database/refusal.ts';
import type { Logger } from '../../platform/log.ts';
import { sealFault } from '../seal.ts';
import { CentreMessage, MessagesAnswer } from '../wire.ts';
import type { Centre } from './centre.ts';
import { selectPosition, updatePosition } from './store/inbox.ts';

/** What the centre says, checked: a model's seal holds and its artefact is well formed. */
export type Instruction =
  | Extract<CentreMessage, { type: 'training-status' }>
  | {
      readonly type: 'model';
      readonly training: string;
      readonly artefact: Artefact;
      readonly sha256: string;
    };

/** Acts on one instruction. Called again with the same one if it failed or the daemon ended in between. */
export type Apply = (instruction: Instruction) => Promise<void>;

export interface Downlink {
  readonly db: Db;
  readonly log: Logger;
  readonly apply: Apply;
  /** The key that the centre signs models with. */
  readonly centreKey: KeyObject;
  readonly retryMs: number;
}

/** How long the centre holds a request before it says that there is nothing. */
const WAIT_S = 25;
const POLL_TIMEOUT_MS = 45_000;

/** Asks for messages and applies them in order until `signal` aborts. Rejects when the centre cannot be reached. */
export async function runDownlink(centre: Centre, link: Downlink, signal: AbortSignal): Promise<void> {
  // The first answer comes at once: it shows that the centre knows this site.
  for (let wait = 0; ; wait = WAIT_S) {
    signal.throwIfAborted();
    const { epoch, after } = await selectPosition(link.db);
    const query = `wait=${wait}&after=${after}${epoch === null ? '' : `&epoch=${epoch}`}`;
    const answer = MessagesAnswer.parse(
      await centre.ask('GET', `/sync/v1/messages?${query}`, signal, { timeoutMs: POLL_TIMEOUT_MS }),
    );
    for (const { seq, body } of answer.messages) {
      await applyUntilDone(link, body, signal);
      await updatePosition(link.db, { epoch: answer.epoch, after: seq });
    }
  }
}

/** What the database refuses so often for what it is, it refuses for ever. */
const MOST_REFUSALS = 3;

/** A message that cannot be applied now is tried again here, so that the uplink goes on meanwhile. */
async function applyUntilDone(link: Downlink, body: unknown, signal: AbortSignal) {
  const { log, apply, centreKey, retryMs } = link;
  const instruction = instructionOf(body, centreKey, log);
  if (instruction === null) return;
  for (let refusals = 0; ;) {
    try {
      await apply(instruction);
      return;
    } catch (err) {
      if (isRefusal(err)) refusals++;
      if (refusals >= MOST_REFUSALS) return refuse(link, instruction, err);
      log.error(
        { err, type: instruction.type },
        'A message of the centre could not be applied; trying again.',
      );
      await timers.setTimeout(retryMs, undefined, { signal });
    }
  }
}

/** Leaves out what cannot be applied, and says so of a model where its training is shown. */
async function refuse({ log, apply }: Downlink, instruction: Instruction, err: unknown): Promise<void> {
  const { type } = instruction;
  log.error(
    { err, type },
    'A message of the centre cannot be applied; it is left out, and the next ones follow.',
  );
  if (type !== 'model') return;
  const error = `The model that came could not be stored: ${err instanceof Error ? err.message : String(err)}`;
  try {
    await apply({ type: 'training-status', id: instruction.training, state: 'failed', error });
  } catch (cause) {
    log.error({ err: cause, training: instruction.training }, 'Its training could not be marked as failed.');
  }
}

/** Null for what this version does not understand. A model whose seal does not hold is a failed training. */
function instructionOf(body: unknown, centreKey: KeyObject, log: Logger): Instruction | null {
  const message = CentreMessage.safeParse(body);
  if (!message.success) {
    log.warn({ err: message.error }, 'The centre sent a message that this version does not know; left out.');
    return null;
  }
  if (message.data.type !== 'model') return message.data;
  const { training, artefact, sha256, signature } = message.data;
  try {
    const fault = sealFault(training, artefact, { sha256, signature }, centreKey);
    if (fault !== null) throw new Error(fault);
    return { type: 'model', training, artefact: Artefact.parse(JSON.parse(artefact)), sha256 };
  } catch (err) {
    log.error({ err, training }, 'A model from the centre was refused.');
    const error = `The model that came was refused: ${(err as Error).message}`;
    return { type: 'training-status', id: training, state: 'failed', error };
  }
}
