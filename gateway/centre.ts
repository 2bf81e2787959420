import type { Database } from '../platform/database/db.ts';
import type { Logger } from '../platform/log.ts';
import type { Room } from '../platform/api/live.ts';
import type { Apply } from '../sync/edge/downlink.ts';
import type { TagEntry } from '../sync/wire.ts';
import { insertModel } from './store/models.ts';
import type { Plant } from './store/plant.ts';
import { endTraining, selectTrainedTag, updateTraining } from './store/trainings.ts';

export interface CentreOptions {
  readonly db: Database;
  readonly plant: () => Plant;
  readonly tell: (room: Room) => void;
  readonly log: Logger;
}

/**
 * Acts on what the centre says. A model has been verified before it comes here; it is stored as a shadow, which
 * forecasts beside the active one and is scored, until somebody activates it. Applying twice changes nothing.
 */
export const applyFromCentre =
  ({ db, plant, tell, log }: CentreOptions): Apply =>
  async (instruction) => {
    if (instruction.type === 'training-status') {
      await updateTraining(db, instruction);
    } else {
      const { training, artefact } = instruction;
      const tag = plant().tags.find(({ name }) => name === artefact.tag.name);
      const ordered = await selectTrainedTag(db, training);
      if (tag === undefined || (ordered !== undefined && ordered !== tag.id)) {
        const error = `The model is for '${artefact.tag.name}', which is not the tag that the training was ordered for.`;
        log.error({ training, tag: artefact.tag.name }, 'Refused a model from the centre.');
        await endTraining(db, training, { error });
      } else {
        const placement = { origin: 'centre', state: 'shadow', trainedAt: new Date(), training } as const;
        await insertModel(db, artefact, { tag: tag.id, ...placement });
        await endTraining(db, training, { model: artefact.id });
        log.info({ training, tag: tag.name, model: artefact.id }, 'A model came back from the centre.');
      }
      tell('models');
    }
    tell('trainings');
  };

/** The tags as the centre's dictionary has them. */
export const dictionary = ({ tags }: Plant): TagEntry[] =>
  tags.map(({ id, name, description, unit, kind, decimals, area }) => ({
    ...{ id, name, description, unit, kind, decimals, area },
  }));
