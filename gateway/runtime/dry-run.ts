import type { Plan, TestStep } from '../../collectors/collector.ts';
import { schemas } from '../../collectors/protocols.ts';
import type { ProtocolName } from '../../collectors/protocols.ts';
import type { Logger } from '../../platform/log.ts';
import { inTime, Unable } from './ask.ts';
import { startHost } from './host.ts';

const TEST_MS = 15_000;
/** To load a library takes its time too. */
const START_MS = 15_000;

/**
 * Tries a plan that need not be saved. It has a host of its own: what is tried for the first time must not break those
 * that run. What goes wrong is a step; rejects with `Unable` where the protocol has no test.
 */
export async function dryRun(
  protocol: ProtocolName,
  plan: Plan<unknown, unknown>,
  log: Logger,
): Promise<readonly TestStep[]> {
  const home = schemas[protocol].home?.(plan.config) ?? 'thread';
  const nothing = () => undefined;
  const ears = { emit: () => Promise.resolve(), log: nothing, faults: nothing, lost: nothing, able: nothing };
  await using host = startHost(`${protocol} test`, home, { protocol, traces: false }, ears);
  try {
    await inTime(protocol, START_MS, () => host.remote.ping());
    return await inTime(protocol, TEST_MS, () => host.remote.test(plan, TEST_MS));
  } catch (err) {
    if (err instanceof Error && err.message.endsWith('has no test.'))
      throw new Unable('cannot', err.message, { cause: err });
    log.debug({ err, protocol }, 'A dry run failed.');
    return [{ what: 'try the configuration', ok: false, detail: wordsOf(err), remedy: remedyFor(err) }];
  }
}

const wordsOf = (err: unknown): string => (err instanceof Error ? err.message : String(err));

const remedyFor = (err: unknown): string =>
  err instanceof Unable
    ? 'Check that the device is reached at this address, by cable, firewall and port.'
    : 'Check that what answers at this address is a device of this protocol.';
