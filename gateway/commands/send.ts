import type { WriteOutcome } from '../../collectors/collector.ts';
import type { TagId } from '../../history/reading.ts';
import type { Tag } from '../plant/tag.ts';
import { isDoubtful } from '../runtime/ask.ts';
import type { Abilities } from '../runtime/ask.ts';
import type { End } from '../store/commands.ts';
import { fromDevice, toDevice } from './scale.ts';

/** Writes one value and says how that ended. Nobody is ever told that something was not done unless that is certain. */
export async function send(
  device: () => Pick<Abilities, 'write'>,
  { id, scale }: Pick<Tag, 'scale'> & { readonly id: TagId },
  value: number,
): Promise<End> {
  const order = { tag: id, value: toDevice(value, scale) };
  if (!Number.isFinite(order.value))
    return {
      state: 'failed',
      readBack: null,
      why: 'The scale of the tag cannot be turned round. Nothing was sent.',
    };
  try {
    const [outcome] = await device().write([order]);
    if (outcome === undefined) return doubt('The driver did not say how the write ended.');
    return ended(outcome, scale);
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err);
    return isDoubtful(err)
      ? doubt(why)
      : { state: 'failed', readBack: null, why: `${why} Nothing was sent.` };
  }
}

const doubt = (why: string): End => ({ state: 'unverified', readBack: null, why });

function ended(outcome: WriteOutcome, scale: Tag['scale']): End {
  const { state } = outcome;
  if (state === 'refused') return { state, readBack: null, why: outcome.why };
  const { readBack } = outcome;
  const seen = typeof readBack === 'number' ? fromDevice(readBack, scale) : readBack;
  return { state, readBack: seen, why: state === 'unverified' ? outcome.why : null };
}
