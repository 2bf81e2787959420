import { DataType, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client';
import type { OPCUAServer } from 'node-opcua-server';

type AddressSpace = NonNullable<OPCUAServer['engine']['addressSpace']>;
type Namespace = ReturnType<AddressSpace['registerNamespace']>;

/** Values that are not plain scalars: matrices, structures, enumerations, all the types a text can come from. */
export function addTypes(addressSpace: AddressSpace, namespace: Namespace): void {
  const place = { organizedBy: addressSpace.rootFolder.objects };
  const add = (name: string, dataType: DataType, value: unknown) =>
    namespace.addVariable({
      ...{ ...place, browseName: name, nodeId: `s=${name}`, dataType },
      value: new Variant({ dataType, value }),
    });
  add('guid', DataType.Guid, '72962B91-FA75-4AE6-8D28-B404DC7DAF63');
  add('bytes', DataType.ByteString, Buffer.from([0xde, 0xad, 0x42]));
  add('when', DataType.DateTime, new Date('2026-03-01T12:00:00Z'));
  add('said', DataType.LocalizedText, { text: 'läuft', locale: 'de' });
  add('code', DataType.StatusCode, StatusCodes.BadSensorFailure);
  addMatrix(addressSpace, namespace);
  addEnumerations(addressSpace, namespace);
  addStructures(addressSpace, namespace);
}

function addMatrix({ rootFolder }: AddressSpace, namespace: Namespace): void {
  namespace.addVariable({
    ...{ organizedBy: rootFolder.objects, browseName: 'matrix', nodeId: 's=matrix' },
    ...{ dataType: DataType.Double, valueRank: 2, arrayDimensions: [2, 3] },
    value: new Variant({
      ...{ dataType: DataType.Double, arrayType: VariantArrayType.Matrix, dimensions: [2, 3] },
      value: new Float64Array([1, 2, 3, 4, 5, 6]),
    }),
  });
}

function addEnumerations({ rootFolder }: AddressSpace, namespace: Namespace): void {
  const organizedBy = rootFolder.objects;
  const phases = namespace.addEnumerationType({
    browseName: 'Phase',
    nodeId: 's=Phase',
    enumeration: ['Idle', 'Heating', 'Drain'],
  });
  namespace.addVariable({
    ...{ organizedBy, browseName: 'phase', nodeId: 's=phase', dataType: phases },
    value: new Variant({ dataType: DataType.Int32, value: 1 }),
  });
  namespace.addMultiStateDiscrete({
    ...{ organizedBy, browseName: 'selector', nodeId: 's=selector' },
    ...{ enumStrings: ['Off', 'Hand', 'Auto'], value: 2 },
  });
  namespace.addTwoStateDiscrete({
    ...{ organizedBy, browseName: 'valve', nodeId: 's=valve' },
    ...{ falseState: 'closed', trueState: 'open', value: true },
  });
}

/** The types are those of opcua-types.xml. */
function addStructures(addressSpace: AddressSpace, namespace: Namespace): void {
  const index = addressSpace.getNamespaceIndex('urn:test:types');
  const batch = addressSpace.findDataType('Batch', index);
  if (batch === null) throw new Error('The server has no type Batch.');
  const value = addressSpace.constructExtensionObject(batch, {
    ...{ batchId: 'B-17', started: new Date('2026-03-01T12:00:00Z'), step: 10 },
    motors: [
      { speed: 1.5, strokes: [0, 7] },
      { speed: 2.5, strokes: [0x00200000, 1] },
    ],
  });
  namespace.addVariable({
    organizedBy: addressSpace.rootFolder.objects,
    ...{ browseName: 'batch', nodeId: 's=batch', dataType: batch },
    value: new Variant({ dataType: DataType.ExtensionObject, value }),
  });
}
