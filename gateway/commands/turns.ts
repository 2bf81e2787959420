import { inTurn } from '../../platform/in-turn.ts';

/** One order at a time goes to a source, by its number: whether it writes a value or calls a method. */
export type TurnOf = (source: number) => ReturnType<typeof inTurn>;

export function turnsOfSources(): TurnOf {
  const turns = new Map<number, ReturnType<typeof inTurn>>();
  return (source) => {
    const turn = turns.get(source) ?? inTurn();
    turns.set(source, turn);
    return turn;
  };
}
