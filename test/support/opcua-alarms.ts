import { DataType, StatusCodes, Variant } from 'node-opcua-client';
import type { StatusCode } from 'node-opcua-client';
import type { OPCUAServerOptions } from 'node-opcua-server';
import { opcuaPlant } from './opcua-plant.ts';
import type { OpcuaPlant } from './opcua-plant.ts';

/** A tank whose level has two alarms, and a pump that trips. Limits of the level: 10, 20, 80, 90. */
export interface AlarmPlant extends OpcuaPlant {
  setLevel(value: number): void;
  trip(tripped: boolean): void;
  /** What an operator at the server itself does to the alarm of the level. */
  acknowledgeThere(comment: string): void;
  setEnabled(enabled: boolean): void;
  setSeverity(severity: number, message: string): void;
  /** The server's queue of events was full. */
  overflow(): void;
  /** From now on the server answers so to every Acknowledge; undefined: as it should. */
  refuse(status: StatusCode | undefined): void;
  /** From now on `work` is done before each Acknowledge; until `refuse`. */
  duringAcknowledge(work: () => void): void;
}

/** What the server's library has, but its types do not say. */
interface Alarming {
  instantiateExclusiveLimitAlarm(type: string, options: object): Alarm;
  instantiateOffNormalAlarm(options: object): Alarm;
}
type Work = (
  inputs: unknown,
  context: unknown,
  answer: (err: null, result: { readonly statusCode: StatusCode }) => void,
) => void;
interface UAMethod {
  readonly _asyncExecutionFunction: Work;
  bindMethod(work: Work): void;
}
interface Branch {
  getAckedState(): boolean;
}
interface Alarm {
  currentBranch(): Branch;
  getBranches(): Branch[];
  acknowledgeAndAutoConfirmBranch(branch: Branch, comment: string): void;
  setEnabledState(enabled: boolean): void;
  raiseNewCondition(info: object): void;
  readonly acknowledge: UAMethod;
}

export async function alarmPlant(more: OPCUAServerOptions = {}): Promise<AlarmPlant> {
  const plant = await opcuaPlant(more);
  const { addressSpace } = plant.server.engine;
  if (addressSpace === null) throw new Error('No address space.');
  addressSpace.installAlarmsAndConditionsService();
  const namespace = addressSpace.getNamespace('urn:test:plant');
  const alarming = namespace as unknown as Alarming;
  const { objects } = addressSpace.rootFolder;
  const { server } = objects;
  const tank = namespace.addObject({
    ...{ organizedBy: objects, browseName: 'Tank', nodeId: 's=tank' },
    ...{ eventNotifier: 1, notifierOf: server },
  });
  const variable = (name: string, dataType: DataType, value: unknown) =>
    namespace.addVariable({
      ...{ componentOf: tank, browseName: name, nodeId: `s=tank.${name}`, dataType },
      ...{ eventSourceOf: tank, value: new Variant({ dataType, value }) },
    });
  const level = variable('Level', DataType.Double, 50);
  const pump = variable('Pump', DataType.Boolean, false);
  const running = variable('PumpNormal', DataType.Boolean, false);
  const optionals = ['ConfirmedState', 'Confirm', 'SuppressedState'];
  const limits = { lowLowLimit: 10, lowLimit: 20, highLimit: 80, highHighLimit: 90 };
  const alarm = alarming.instantiateExclusiveLimitAlarm('ExclusiveLimitAlarmType', {
    ...{ browseName: 'LevelAlarm', nodeId: 's=tank.LevelAlarm', conditionName: 'Level', componentOf: tank },
    ...{ conditionSource: level, conditionOf: level, inputNode: level, optionals, ...limits },
  });
  alarming.instantiateOffNormalAlarm({
    ...{ browseName: 'PumpAlarm', nodeId: 's=tank.PumpAlarm', conditionName: 'Trip', componentOf: tank },
    ...{ conditionSource: pump, conditionOf: pump, inputNode: pump, normalState: running, optionals },
  });
  const type = addressSpace.findEventType('AcknowledgeableConditionType') as unknown as Pick<
    Alarm,
    'acknowledge'
  >;
  const proper = type.acknowledge._asyncExecutionFunction;
  const set = (node: typeof level, dataType: DataType, value: unknown) =>
    node.setValueFromSource(new Variant({ dataType, value }), StatusCodes.Good);
  return {
    ...plant,
    setLevel: (value) => set(level, DataType.Double, value),
    trip: (tripped) => set(pump, DataType.Boolean, tripped),
    acknowledgeThere(comment) {
      for (const branch of [alarm.currentBranch(), ...alarm.getBranches()])
        if (!branch.getAckedState()) alarm.acknowledgeAndAutoConfirmBranch(branch, comment);
    },
    setEnabled: (enabled) => alarm.setEnabledState(enabled),
    setSeverity: (severity, message) => alarm.raiseNewCondition({ severity, message, retain: true }),
    overflow: () => server.raiseEvent('EventQueueOverflowEventType', {}),
    duringAcknowledge: (work) =>
      type.acknowledge.bindMethod((inputs, context, answer) => {
        work();
        proper.call(type.acknowledge, inputs, context, answer);
      }),
    refuse: (statusCode) =>
      type.acknowledge.bindMethod(
        statusCode === undefined ? proper : (_inputs, _context, answer) => answer(null, { statusCode }),
      ),
  };
}
