import { topicOf } from './delivery.ts';
import type { Process } from './process.ts';
import type { SetPoint } from './variables.ts';
import { setPoints } from './variables.ts';

/** Takes a message to `<topic>/set`: a number, or `{"value": number}`. Returns what came of it. */
export function acceptWrite(plant: Process, topic: string, payload: string): string {
  const setPoint = setPoints.find((candidate) => `${topicOf(candidate)}/set` === topic);
  if (setPoint?.device !== 'mqtt') return `MQTT: nothing can be set at ${topic}.`;
  const value = numberIn(payload);
  if (value !== undefined && plant.set(setPoint, value)) return `MQTT: ${setPoint.name} set to ${value}.`;
  return `MQTT: ${setPoint.name} stays as it is: ${describe(setPoint)} was expected.`;
}

const describe = ({ range: [low, high], unit }: SetPoint): string =>
  `a number from ${low} to ${high} ${unit}`;

function numberIn(payload: string): number | undefined {
  try {
    const parsed = JSON.parse(payload) as unknown;
    const value = typeof parsed === 'object' && parsed !== null && 'value' in parsed ? parsed.value : parsed;
    return typeof value === 'number' ? value : undefined;
  } catch {
    return undefined; // Not JSON: the caller says what is expected.
  }
}
