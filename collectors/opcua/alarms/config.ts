import { z } from 'zod';
import { NodeIdText } from '../node-id.ts';

const Severity = z.number().int().min(1).max(1000);

/** Which of a server's alarms are taken over, and as what (OPC 10000-9). */
export const AlarmsConfig = z
  .strictObject({
    notifiers: z
      .array(NodeIdText)
      .min(1)
      .max(16)
      .default(['i=2253'])
      .describe(
        'Nodes whose events are listened to. Default: the Server object, which tells those of all others.',
      ),
    minSeverity: Severity.default(1).describe(
      'Alarms of a lower severity (1 to 1000) stay with the server and its own screens.',
    ),
    priority1From: Severity.default(751).describe('From this severity on an alarm has priority 1.'),
    priority2From: Severity.default(501).describe('From this severity on an alarm has priority 2.'),
    priority3From: Severity.default(251).describe('From this severity on an alarm has priority 3; below, 4.'),
    area: z
      .string()
      .trim()
      .min(1)
      .max(120)
      .optional()
      .describe('The area of the plant that the alarms belong to, where they belong to none of its tags.'),
  })
  .refine((alarms) => alarms.priority1From >= alarms.priority2From, {
    path: ['priority1From'],
    message: 'must not be below priority2From: the more urgent, the more severe',
  })
  .refine((alarms) => alarms.priority2From >= alarms.priority3From, {
    path: ['priority2From'],
    message: 'must not be below priority3From: the more urgent, the more severe',
  });
export type AlarmsConfig = z.infer<typeof AlarmsConfig>;

/** The ISA-18.2 priority of a severity as of OPC 10000-5, 6.4.2. */
export function priorityOf(severity: number, alarms: AlarmsConfig): number {
  const { priority1From, priority2From, priority3From } = alarms;
  return 1 + [priority1From, priority2From, priority3From].filter((from) => severity < from).length;
}
