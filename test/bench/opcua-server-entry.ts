// The server of the OPC UA benchmark: a reading a second of every node.
import '../../collectors/opcua/quiet.ts';
import timers from 'node:timers/promises';
import { DataType, StatusCodes, Variant } from 'node-opcua-client';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { OPCUAServer } from 'node-opcua-server';

const [count = '0', folder = ''] = process.argv.slice(2);
const tags = Number(count);
const ITEMS_PER_CALL = 1000;
const EVERY_MS = 1000;

process.on('disconnect', () => process.exit());
const certificates = new OPCUACertificateManager({ rootFolder: folder, disableFileWatchers: true });
await certificates.initialize();
const limits = { maxMonitoredItemsPerCall: ITEMS_PER_CALL };
const server = new OPCUAServer({
  ...{ host: '127.0.0.1', hostname: '127.0.0.1', port: 0, isAuditing: false, allowAnonymous: true },
  ...{ serverCertificateManager: certificates, userCertificateManager: certificates },
  serverCapabilities: { maxMonitoredItemsPerSubscription: tags, operationLimits: limits },
});
await server.initialize();
const { addressSpace } = server.engine;
if (addressSpace === null) throw new Error('No address space.');
const namespace = addressSpace.registerNamespace('urn:bench');
const organizedBy = addressSpace.rootFolder.objects;
const nodes = Array.from({ length: tags }, (_, i) =>
  namespace.addVariable({
    ...{ organizedBy, browseName: `tag-${i}`, nodeId: `i=${i + 1}`, dataType: DataType.Double },
    ...{ minimumSamplingInterval: EVERY_MS, value: new Variant({ dataType: DataType.Double, value: 0 }) },
  }),
);
await server.start();
process.send?.({ port: server.endpoints[0]?.port });
for (let second = 1; ; second++) {
  const now = new Date();
  for (const [i, one] of nodes.entries())
    one.setValueFromSource({ dataType: DataType.Double, value: second + i }, StatusCodes.Good, now);
  await timers.setTimeout(EVERY_MS - (Date.now() % EVERY_MS));
}
