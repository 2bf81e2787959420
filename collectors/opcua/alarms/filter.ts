import {
  AttributeIds,
  ContentFilter,
  DataType,
  ElementOperand,
  EventFilter,
  FilterOperator,
  LiteralOperand,
  ObjectTypeIds,
  resolveNodeId,
  SimpleAttributeOperand,
} from 'node-opcua-client';

/** What is asked of each event, in this order: the name of the field here, and where it is in the event. */
const FIELDS = {
  eventType: ['EventType'],
  eventId: ['EventId'],
  sourceNode: ['SourceNode'],
  sourceName: ['SourceName'],
  time: ['Time'],
  message: ['Message'],
  severity: ['Severity'],
  conditionName: ['ConditionName'],
  branchId: ['BranchId'],
  retain: ['Retain'],
  enabled: ['EnabledState', 'Id'],
  active: ['ActiveState', 'Id'],
  acknowledged: ['AckedState', 'Id'],
  suppressed: ['SuppressedOrShelved'],
  inputNode: ['InputNode'],
  comment: ['Comment'],
  user: ['ClientUserId'],
} as const;
export type Field = keyof typeof FIELDS | 'conditionId';

export const fieldNames: readonly Field[] = [
  ...(Object.keys(FIELDS) as (keyof typeof FIELDS)[]),
  'conditionId',
];

/** Types that say something about the conversation itself; all others are of no interest. */
const TYPES = [
  ObjectTypeIds.ConditionType,
  ObjectTypeIds.RefreshStartEventType,
  ObjectTypeIds.RefreshEndEventType,
  ObjectTypeIds.RefreshRequiredEventType,
  ObjectTypeIds.EventQueueOverflowEventType,
];

/**
 * Fields are looked for whatever the event's type (BaseEventType; OPC 10000-4, 7.4.4.5). The ConditionId is not among
 * them: it is the NodeId of the condition itself (OPC 10000-9, 5.5.2). Without `where` the server sends all events.
 */
export function eventFilter(where: boolean): EventFilter {
  const fields = Object.values(FIELDS).map(
    (path) =>
      new SimpleAttributeOperand({
        typeDefinitionId: resolveNodeId(ObjectTypeIds.BaseEventType),
        browsePath: path.map((name) => ({ namespaceIndex: 0, name })),
        attributeId: AttributeIds.Value,
      }),
  );
  const conditionId = new SimpleAttributeOperand({
    typeDefinitionId: resolveNodeId(ObjectTypeIds.ConditionType),
    browsePath: [],
    attributeId: AttributeIds.NodeId,
  });
  return new EventFilter({
    selectClauses: [...fields, conditionId],
    whereClause: where ? anyOf(TYPES) : new ContentFilter({ elements: [] }),
  });
}

/** Or(OfType, Or(OfType, …)): an element refers to those behind it alone (OPC 10000-4, 7.7.1). */
function anyOf(types: readonly ObjectTypeIds[]): ContentFilter {
  const ors = types.length - 1;
  const joins = types.slice(1).map((_, i) => ({
    filterOperator: FilterOperator.Or,
    filterOperands: [
      new ElementOperand({ index: ors + i }),
      new ElementOperand({ index: i === ors - 1 ? ors + ors : i + 1 }),
    ],
  }));
  const leaves = types.map((type) => ({
    filterOperator: FilterOperator.OfType,
    filterOperands: [
      new LiteralOperand({ value: { dataType: DataType.NodeId, value: resolveNodeId(type) } }),
    ],
  }));
  return new ContentFilter({ elements: [...joins, ...leaves] });
}
