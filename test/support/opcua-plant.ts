import {
  AccessLevelFlag,
  DataType,
  MessageSecurityMode,
  SecurityPolicy,
  StatusCodes,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import type { VariantOptions } from 'node-opcua-client';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { OPCUAServer } from 'node-opcua-server';
import type { OPCUAServerOptions } from 'node-opcua-server';
import { scratchFolder } from './opcua-server.ts';

export interface OpcuaPlant extends AsyncDisposable {
  readonly endpoint: string;
  readonly server: OPCUAServer;
  /** PEM of the server's own certificate. */
  readonly folder: string;
  readonly valueOf: (node: string) => Variant;
  /** What the method was called with. */
  readonly calls: unknown[][];
}

/** A server in this process, whose sessions and values can be looked at. User: gateway, password: secret. */
export async function opcuaPlant(more: OPCUAServerOptions = {}): Promise<OpcuaPlant> {
  const folder = await scratchFolder();
  const certificates = new OPCUACertificateManager({
    rootFolder: folder.path,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  });
  await certificates.initialize();
  const server = new OPCUAServer({
    host: '127.0.0.1',
    hostname: '127.0.0.1',
    port: 0,
    securityPolicies: [
      SecurityPolicy.None,
      SecurityPolicy.Basic256Sha256,
      SecurityPolicy.Aes128_Sha256_RsaOaep,
      SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
    allowAnonymous: true,
    userManager: {
      isValidUser: (name: string, password: string) => name === 'gateway' && password === 'secret',
    },
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    isAuditing: false,
    ...more,
  });
  await server.initialize();
  const calls: unknown[][] = [];
  build(server, calls);
  await server.start();
  const namespace = server.engine.addressSpace?.getNamespace('urn:test:plant');
  return {
    endpoint: `opc.tcp://127.0.0.1:${server.endpoints[0]?.port}`,
    server,
    folder: folder.path,
    calls,
    valueOf(node) {
      const found = namespace?.findNode(`s=${node}`);
      if (found === undefined || found === null || !('readValue' in found))
        throw new Error(`No node ${node}.`);
      return (found as { readValue: () => { value: Variant } }).readValue().value;
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown(0);
      await folder[Symbol.asyncDispose]();
    },
  };
}

const range = (low: number, high: number) => ({ low, high });

function build({ engine }: OPCUAServer, calls: unknown[][]) {
  const { addressSpace } = engine;
  if (addressSpace === null) throw new Error('No address space.');
  addressSpace.registerNamespace('urn:test:other'); // so that the plant's index is not the first one
  const namespace = addressSpace.registerNamespace('urn:test:plant');
  const line = namespace.addFolder(addressSpace.rootFolder.objects, {
    browseName: 'Line 1',
    nodeId: 's=line',
  });
  const pump = namespace.addObject({
    organizedBy: line,
    browseName: 'Pump',
    nodeId: 's=pump',
    description: 'Feeds the boiler.',
  });
  const add = (name: string, dataType: DataType | string, value: VariantOptions, more: object = {}) =>
    namespace.addVariable({
      componentOf: pump,
      browseName: name,
      nodeId: `s=pump.${name}`,
      dataType,
      value: new Variant(value),
      ...more,
    });
  const scalar = (name: string, dataType: DataType, value: unknown) =>
    add(name, dataType, { dataType, arrayType: VariantArrayType.Scalar, value });

  namespace.addAnalogDataItem({
    componentOf: pump,
    browseName: 'Speed',
    nodeId: 's=pump.Speed',
    description: 'Shaft speed.',
    dataType: DataType.Double,
    value: new Variant({ dataType: DataType.Double, value: 1480 }),
    engineeringUnitsRange: range(0, 3000),
    engineeringUnits: {
      namespaceUri: 'http://www.opcfoundation.org/UA/units/un/cefact',
      unitId: 5_067_858,
      displayName: 'rpm',
      description: 'revolutions per minute',
    },
  });
  const mode = namespace.addEnumerationType({
    browseName: 'PumpMode',
    enumeration: ['Off', 'Manual', 'Automatic'],
  });
  add('Mode', mode.nodeId.toString(), { dataType: DataType.Int32, value: 1 });
  scalar('Running', DataType.Boolean, false);
  scalar('Total', DataType.Int64, [0, 0]);
  scalar('Pulses', DataType.UInt64, [0, 0]);
  scalar('Count', DataType.Int16, 0);
  scalar('Bits', DataType.Byte, 0);
  scalar('Ratio', DataType.Float, 0);
  scalar('Label', DataType.String, 'none');
  scalar('Since', DataType.DateTime, new Date(0));
  scalar('Title', DataType.LocalizedText, { text: 'pump', locale: 'en' });
  add(
    'Fixed',
    DataType.Double,
    { dataType: DataType.Double, value: 7 },
    { accessLevel: AccessLevelFlag.CurrentRead },
  );
  add(
    'Profile',
    DataType.Double,
    { dataType: DataType.Double, arrayType: VariantArrayType.Array, value: new Float64Array([1, 2, 3]) },
    { valueRank: 1 },
  );
  scalar('Stubborn', DataType.Double, 1).bindVariable(
    { get: () => new Variant({ dataType: DataType.Double, value: 1 }), set: () => StatusCodes.Good },
    true,
  );
  addMethod(namespace, pump, calls);
  const many = namespace.addFolder(line, { browseName: 'Many', nodeId: 's=many' });
  for (let i = 0; i < 450; i++) {
    namespace.addVariable({
      organizedBy: many,
      browseName: `Item ${i}`,
      nodeId: `s=many.${i}`,
      dataType: DataType.Double,
      value: new Variant({ dataType: DataType.Double, value: i }),
    });
  }
}

type AddressSpace = NonNullable<OPCUAServer['engine']['addressSpace']>;
type Namespace = ReturnType<AddressSpace['registerNamespace']>;

function addMethod(namespace: Namespace, pump: ReturnType<Namespace['addObject']>, calls: unknown[][]) {
  const argument = (name: string, dataType: DataType) => ({ name, dataType, description: name });
  const method = namespace.addMethod(pump, {
    browseName: 'Start',
    nodeId: 's=pump.Start',
    inputArguments: [argument('speed', DataType.Double), argument('ramp', DataType.Int64)],
    outputArguments: [argument('accepted', DataType.Boolean), argument('total', DataType.Int64)],
  });
  method.bindMethod((inputs, _, callback) => {
    calls.push(inputs.map(({ value }) => value as unknown));
    if ((inputs[0]?.value as number) < 0) return; // never answers
    const refused = (inputs[0]?.value as number) > 3000;
    callback(null, {
      statusCode: refused ? StatusCodes.BadOutOfRange : StatusCodes.Good,
      outputArguments: [
        { dataType: DataType.Boolean, value: true },
        { dataType: DataType.Int64, arrayType: VariantArrayType.Scalar, value: [0x00200000, 1] },
      ],
    });
  });
}
