import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { DataType, MessageSecurityMode, SecurityPolicy, StatusCodes, Variant } from 'node-opcua-client';
import { OPCUAServer } from 'node-opcua-server';
import type { Process } from './process.ts';
import { recorder } from './recorder.ts';
import { recordTime } from './seconds.ts';
import type { SetPoint, Variable } from './variables.ts';
import { servedBy, setPoints } from './variables.ts';

const NAMESPACE = 'urn:penstock:demo';

export interface OpcuaOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Where the server's key, its certificate and those of its clients are kept. */
  readonly folder: string;
}
export interface OpcuaServer extends AsyncDisposable {
  readonly port: number;
  /** Shows the record of one second, with that second as its source time. */
  show(atMs: number): void;
}

type AddressSpace = NonNullable<OPCUAServer['engine']['addressSpace']>;
type Namespace = ReturnType<AddressSpace['registerNamespace']>;

/** The feed and reactor controller. It remembers a day, for who asks by HistoryRead. */
export async function serveOpcua(plant: Process, options: OpcuaOptions): Promise<OpcuaServer> {
  const server = await createServer(options);
  await server.initialize();
  const show = buildAddressSpace(server, plant);
  show(recordTime(Date.now()));
  await server.start();

  return {
    port: server.endpoints[0]?.port ?? options.port,
    show,
    async [Symbol.asyncDispose]() {
      await server.shutdown(0);
    },
  };
}

async function createServer({ host, port, user, password, folder }: OpcuaOptions): Promise<OPCUAServer> {
  const certificates = new OPCUACertificateManager({
    rootFolder: join(folder, 'opcua-pki'),
    automaticallyAcceptUnknownCertificate: true, // Clients prove themselves by their password.
  });
  await certificates.initialize();
  return new OPCUAServer({
    host,
    hostname: host,
    port,
    resourcePath: '',
    securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
    allowAnonymous: false,
    userManager: { isValidUser: (name: string, word: string) => name === user && word === password },
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    serverInfo: {
      applicationUri: 'urn:penstock:demo:reactor-controller',
      productUri: 'urn:penstock',
      applicationName: { text: 'Tennessee Eastman demo plant' },
    },
    isAuditing: false,
  });
}

function buildAddressSpace(server: OPCUAServer, plant: Process): (atMs: number) => void {
  const { addressSpace } = server.engine;
  if (addressSpace === null) throw new Error('The OPC UA server has no address space.');
  const namespace = addressSpace.registerNamespace(NAMESPACE);
  const folders = areas(namespace, addressSpace);
  const shown = servedBy('opcua').map((variable) => {
    const setPoint = setPoints.find(({ name }) => name === variable.name);
    const node = namespace.addAnalogDataItem<number, DataType.Double>({
      ...describe(variable),
      componentOf: folders.get(variable.area) ?? addressSpace.rootFolder.objects,
      ...(setPoint === undefined ? readOnly : writable(plant, setPoint)),
    });
    if (setPoint === undefined)
      addressSpace.installHistoricalDataNode(node, { historian: recorder(plant, variable) });
    return { variable, node, fixed: setPoint !== undefined };
  });

  return (atMs) => {
    for (const { variable, node, fixed } of shown) {
      if (fixed) continue;
      const value = new Variant({ dataType: DataType.Double, value: plant.value(variable, atMs) });
      node.setValueFromSource(value, StatusCodes.Good, new Date(atMs));
    }
  };
}

function areas(namespace: Namespace, { rootFolder }: AddressSpace) {
  const plant = namespace.addFolder(rootFolder.objects, {
    browseName: 'TennesseeEastman',
    nodeId: 's=TennesseeEastman',
  });
  const names = new Set(servedBy('opcua').map(({ area }) => area));
  return new Map(
    [...names].map((area) => [area, namespace.addFolder(plant, { browseName: area, nodeId: `s=${area}` })]),
  );
}

const describe = ({ name, description, unit, range: [low, high] }: Variable) => ({
  browseName: name,
  displayName: name,
  description,
  nodeId: `s=${name}`,
  dataType: DataType.Double,
  engineeringUnitsRange: { low, high },
  engineeringUnits: engineeringUnits(unit),
});

const readOnly = { accessLevel: 'CurrentRead', userAccessLevel: 'CurrentRead' };

/** The server refuses what lies outside the instrument range with BadOutOfRange (part 8, 5.3.2.3). */
const writable = (plant: Process, setPoint: SetPoint) => ({
  instrumentRange: { low: setPoint.range[0], high: setPoint.range[1] },
  minimumSamplingInterval: 100,
  value: {
    get: () => new Variant({ dataType: DataType.Double, value: plant.value(setPoint, Date.now()) }),
    set: ({ value }: Variant) =>
      plant.set(setPoint, Number(value)) ? StatusCodes.Good : StatusCodes.BadOutOfRange,
  },
});

/** UNECE recommendation 20 codes, packed as part 8, 5.6.3 wants it; -1 where the unit has none. */
const codes: Readonly<Record<string, string>> = { kPa: 'KPA', '%': 'P1', '°C': 'CEL', 'kg/h': 'E93' };

function engineeringUnits(unit: string) {
  const code = codes[unit];
  const unitId =
    code === undefined ? -1 : Buffer.from(code).reduce((packed, byte) => (packed << 8) | byte, 0);
  return {
    namespaceUri: 'http://www.opcfoundation.org/UA/units/un/cefact',
    unitId,
    displayName: { text: unit },
    description: { text: unit },
  };
}
