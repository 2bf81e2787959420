// A small OPC UA server in a process of its own: it can be killed and frozen. Obeys by IPC.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import {
  DataType,
  MessageSecurityMode,
  SecurityPolicy,
  StatusCodes,
  VariableIds,
  Variant,
  VariantArrayType,
} from 'node-opcua-client';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { OPCUAServer } from 'node-opcua-server';
import { z } from 'zod';
import { addTypes } from './opcua-nodes.ts';

const Settings = z.strictObject({
  port: z.number(),
  folder: z.string(),
  itemsPerCall: z.number().optional(),
  /** Of the ServerCapabilities, by their own names. */
  capabilities: z.record(z.string(), z.number()).default({}),
  limits: z.record(z.string(), z.number()).default({}),
  /** So many namespaces before the plant's own. */
  strangers: z.number().default(1),
  /** Structures, enumerations and the like. */
  types: z.boolean().default(false),
});
const settings = Settings.parse(JSON.parse(process.argv[2] ?? '{}'));
const Order = z.strictObject({
  id: z.number(),
  node: z.string().default(''),
  value: z.number().optional(),
  status: z.enum(['Good', 'UncertainSensorNotAccurate', 'BadSensorFailure']).default('Good'),
  at: z.number().optional(),
  serviceLevel: z.number().optional(),
});

/** The server's own dependency. */
const { nodesets } = createRequire(import.meta.resolve('node-opcua-server'))('node-opcua-nodesets') as {
  nodesets: { standard: string };
};
const TYPES = new URL('./opcua-types.xml', import.meta.url);
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
  ...(settings.types ? { nodeset_filename: [nodesets.standard, fileURLToPath(TYPES)] } : {}),
  serverCapabilities: {
    ...settings.capabilities,
    operationLimits: {
      ...settings.limits,
      ...(settings.itemsPerCall === undefined ? {} : { maxMonitoredItemsPerCall: settings.itemsPerCall }),
    },
  },
});
await server.initialize();
const { addressSpace } = server.engine;
if (addressSpace === null) throw new Error('No address space.');
// So that the plant's index is not the first one, and can be another after a restart.
for (let i = 0; i < settings.strangers; i++) addressSpace.registerNamespace(`urn:test:other:${i}`);
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

if (settings.types) addTypes(addressSpace, namespace);
for (const name of ['level', 'many-1']) {
  const node = nodes.get(name);
  if (node !== undefined) addressSpace.installHistoricalDataNode(node, { maxOnlineValues: 100_000 });
}

let level = 255;
const serviceLevel = addressSpace.findNode(`ns=0;i=${VariableIds.Server_ServiceLevel}`) as unknown as {
  bindVariable(options: { get: () => Variant }, overwrite: boolean): void;
};
serviceLevel.bindVariable({ get: () => new Variant({ dataType: DataType.Byte, value: level }) }, true);

process.on('message', (message) => {
  const { id, node, value, status, at, serviceLevel } = Order.parse(message);
  if (serviceLevel !== undefined) {
    level = serviceLevel;
    process.send?.({ done: id });
    return;
  }
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
