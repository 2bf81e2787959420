// A small OPC UA server in a process of its own: it can be killed and frozen. Obeys by IPC.
import {
  DataType,
  MessageSecurityMode,
  SecurityPolicy,
  StatusCodes,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { OPCUAServer } from 'node-opcua-server';
import { z } from 'zod';

const Settings = z.strictObject({
  port: z.number(),
  folder: z.string(),
  itemsPerCall: z.number().optional(),
});
const settings = Settings.parse(JSON.parse(process.argv[2] ?? '{}'));
const Order = z.strictObject({
  id: z.number(),
  node: z.string(),
  value: z.number().optional(),
  status: z.enum(['Good', 'UncertainSensorNotAccurate', 'BadSensorFailure']).default('Good'),
  at: z.number().optional(),
});

const certificates = new OPCUACertificateManager({
  rootFolder: settings.folder,
  automaticallyAcceptUnknownCertificate: true,
});
await certificates.initialize();
const server = new OPCUAServer({
  host: '127.0.0.1',
  hostname: '127.0.0.1',
  port: settings.port,
  securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
  securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
  allowAnonymous: true,
  userManager: {
    isValidUser: (name: string, password: string) => name === 'gateway' && password === 'secret',
  },
  serverCertificateManager: certificates,
  userCertificateManager: certificates,
  isAuditing: false,
  ...(settings.itemsPerCall === undefined
    ? {}
    : { serverCapabilities: { operationLimits: { maxMonitoredItemsPerCall: settings.itemsPerCall } } }),
});
await server.initialize();
const { addressSpace } = server.engine;
if (addressSpace === null) throw new Error('No address space.');
addressSpace.registerNamespace('urn:test:other'); // so that the plant's index is not the first one
const namespace = addressSpace.registerNamespace('urn:test:plant');
const parent = addressSpace.rootFolder.objects;

const add = (name: string, dataType: DataType, value: unknown, arrayType = VariantArrayType.Scalar) =>
  namespace.addVariable({
    organizedBy: parent,
    browseName: name,
    nodeId: `s=${name}`,
    dataType,
    valueRank: arrayType === VariantArrayType.Array ? 1 : -1,
    value: new Variant({ dataType, arrayType, value }),
  });
const nodes = new Map(
  [
    add('level', DataType.Double, 12.5),
    add('running', DataType.Boolean, true),
    add('total', DataType.Int64, [0x00200000, 0x00000001]),
    add('state', DataType.String, 'ramping'),
    add('broken', DataType.Double, NaN),
    add('spectrum', DataType.Double, new Float64Array([1, 2, 3]), VariantArrayType.Array),
    ...Array.from({ length: 20 }, (_, i) => add(`many-${i}`, DataType.Double, i)),
  ].map((node) => [node.browseName.name ?? '', node]),
);

process.on('message', (message) => {
  const { id, node, value, status, at } = Order.parse(message);
  const there = nodes.get(node) ?? add(node, DataType.Double, value ?? 0);
  nodes.set(node, there);
  there.setValueFromSource(
    new Variant({ dataType: DataType.Double, value: value ?? 0 }),
    StatusCodes[status],
    new Date(at ?? Date.now()),
  );
  process.send?.({ done: id });
});
process.on('disconnect', () => process.exit());
await server.start();
process.send?.({ port: server.endpoints[0]?.port });
