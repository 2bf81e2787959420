import type { Loss } from '../history/store/losses.ts';
import type { Logger } from '../platform/log.ts';
import type { LedgerView } from './api/sources.ts';
import type { Operation } from './operation.ts';
import type { Source } from './plant/tag.ts';
import { createArrivals } from './runtime/arrivals.ts';
import type { Arrivals } from './runtime/arrivals.ts';
import type { LinkEvent } from './runtime/status.ts';
import { createLedger } from './store/ledger.ts';
import type { Ledger } from './store/ledger.ts';
import type { Writer } from './store/writer.ts';

/** What became of every reading since the start, and what is known to be missing. */
export interface Accounts {
  readonly ledger: Ledger;
  readonly arrivals: Arrivals;
  view(operation: Operation): LedgerView[];
  /** A `save` for what an earlier run left behind: it is collected now. */
  carriedOver(save: Writer['save']): Writer['save'];
  /** Enters each known loss into the list of losses, by the way that readings take. */
  losses(save: Writer['save'], log: Logger): (source: Source, event: LinkEvent) => void;
}

export function createAccounts(): Accounts {
  const ledger = createLedger();
  const arrivals = createArrivals();

  const viewOf = ({ plant, walk }: Operation, { id, name }: Source): LedgerView => {
    const tally = ledger.of(plant.tags.filter(({ source }) => source === id).map((tag) => tag.id));
    const { thinned, held } = walk.thinned(id);
    // What thinning has not decided on is on its way too.
    const pending = tally.pending + held;
    return { source: name, ...tally, thinned, pending, ...arrivals.figures(id, Date.now()) };
  };
  return {
    ledger,
    arrivals,
    view: (operation) => operation.plant.sources.map((source) => viewOf(operation, source)),
    carriedOver: (save) => (readings, changes) => {
      ledger.collected(readings);
      return save(readings, changes);
    },
    losses:
      (save, log) =>
      ({ id: source, name }, event) => {
        if (event.type !== 'missing') return;
        const { key, loss, recovered } = event;
        if (recovered === 0) arrivals.lost(source, loss.count ?? 0);
        const entry: Loss = { key, source, ...loss, recovered };
        save([], [], [entry]).catch((err: unknown) =>
          log.error({ err, source: name, ...loss }, 'A known loss could not be entered into the ledger.'),
        );
      },
  };
}
