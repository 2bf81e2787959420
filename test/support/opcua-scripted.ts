import '../../collectors/opcua/quiet.ts';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import {
  ActivateSessionResponse,
  CloseSessionResponse,
  coerceNodeId,
  CreateMonitoredItemsResponse,
  CreateSessionResponse,
  CreateSubscriptionResponse,
  DataValue,
  DeleteSubscriptionsResponse,
  EndpointDescription,
  GetEndpointsResponse,
  MessageSecurityMode,
  PublishResponse,
  ReadResponse,
  RepublishResponse,
  SecurityPolicy,
  ServerSecureChannelLayer,
  ServiceFault,
  StatusCodes,
  UserTokenType,
  Variant,
} from 'node-opcua-client';
import type {
  CreateMonitoredItemsRequest,
  CreateSubscriptionRequest,
  GetEndpointsRequest,
  MonitoredItemCreateRequest,
  NotificationMessage,
  ReadRequest,
  Message,
  Response,
  StatusCode,
} from 'node-opcua-client';

/** What a test has the server answer to one kind of request in place of the usual; undefined: not a word. */
export type Script = Partial<Record<string, (request: never) => Answer | Promise<Answer>>>;
type Answer = Response | StatusCode | undefined;

/** What one answer said of a subscription, or why there is none. */
export interface Saying {
  readonly subscription?: number;
  readonly available?: readonly number[];
}

/** A subscription: its items, and how many of them one message may be of; 0: all. */
export interface Watched {
  readonly items: MonitoredItemCreateRequest[];
  readonly atOnce: number;
}

/** An OPC UA server that listens and otherwise does what a test tells it to. It has one session at a time. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  readonly endpoint: string;
  /** Names of the requests that came, in their order. */
  readonly requests: string[];
  readonly watched: ReadonlyMap<number, Watched>;
  /** Changed while it runs. */
  readonly script: Script;
  /** Publish requests that wait for something to be said. */
  waiting(): number;
  /** Answers a publish request; once there is one. */
  say(message: NotificationMessage, saying?: Saying): Promise<void>;
  /** Ends all connections, and the sessions with them. */
  drop(): void;
}

const SUBSCRIPTION = 1;
const session = () => coerceNodeId(`ns=1;g=${crypto.randomUUID()}`);
const { NamespaceArray } = { NamespaceArray: 'ns=0;i=2255' };
const URIS = ['http://opcfoundation.org/UA/', 'urn:scripted', 'urn:test:plant'];

function read({ nodesToRead }: ReadRequest): Response {
  const results = (nodesToRead ?? []).map(({ nodeId }) =>
    nodeId.toString() === NamespaceArray
      ? new DataValue({ value: new Variant({ dataType: 'String', arrayType: 'Array', value: URIS }) })
      : new DataValue({ statusCode: StatusCodes.BadNodeIdUnknown }),
  );
  return new ReadResponse({ results });
}

const endpoints = ({ endpointUrl }: GetEndpointsRequest): Response =>
  new GetEndpointsResponse({
    endpoints: [
      new EndpointDescription({
        endpointUrl,
        securityMode: MessageSecurityMode.None,
        securityPolicyUri: SecurityPolicy.None,
        transportProfileUri: 'http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary',
        userIdentityTokens: [{ policyId: 'anonymous', tokenType: UserTokenType.Anonymous }],
      }),
    ],
  });

/** Answers as a server does that has nothing to say. */
function usual(watched: Map<number, Watched>): Script {
  let subscriptions = SUBSCRIPTION;
  let created = false;
  const answers = {
    GetEndpointsRequest: endpoints,
    CreateSessionRequest() {
      created = true;
      return new CreateSessionResponse({
        ...{ sessionId: session(), authenticationToken: session(), serverNonce: randomBytes(32) },
        ...{ revisedSessionTimeout: 60_000, serverEndpoints: [] },
      });
    },
    // One that was started again knows no session of before.
    ActivateSessionRequest: () =>
      created
        ? new ActivateSessionResponse({ serverNonce: randomBytes(32) })
        : StatusCodes.BadSessionIdInvalid,
    CloseSessionRequest() {
      watched.clear();
      return new CloseSessionResponse({});
    },
    ReadRequest: read,
    CreateSubscriptionRequest(request: CreateSubscriptionRequest) {
      const subscriptionId = subscriptions++;
      watched.set(subscriptionId, { items: [], atOnce: request.maxNotificationsPerPublish });
      return new CreateSubscriptionResponse({
        subscriptionId,
        revisedPublishingInterval: request.requestedPublishingInterval,
        revisedLifetimeCount: request.requestedLifetimeCount,
        revisedMaxKeepAliveCount: request.requestedMaxKeepAliveCount,
      });
    },
    CreateMonitoredItemsRequest({ subscriptionId, itemsToCreate }: CreateMonitoredItemsRequest) {
      const items = itemsToCreate ?? [];
      watched.get(subscriptionId)?.items.push(...items);
      const results = items.map((_, i) => ({ statusCode: StatusCodes.Good, monitoredItemId: i + 1 }));
      return new CreateMonitoredItemsResponse({ results });
    },
    DeleteSubscriptionsRequest: () => new DeleteSubscriptionsResponse({ results: [StatusCodes.Good] }),
    RepublishRequest: () => StatusCodes.BadMessageNotAvailable,
  };
  return answers;
}

export const republished = (notificationMessage: NotificationMessage): Response =>
  new RepublishResponse({ notificationMessage });

const unsupported = () => StatusCodes.BadServiceUnsupported;

export async function scriptedServer(script: Script = {}, on = 0): Promise<ScriptedServer> {
  const watched = new Map<number, Watched>();
  const answers = usual(watched);
  const requests: string[] = [];
  const waiting: ((response: Response) => void)[] = [];
  const sockets = new Set<Socket>();
  let more: () => void = () => undefined;

  const answer = async (message: Message, reply: (response: Response) => void) => {
    const { name } = message.request.schema;
    requests.push(name);
    if (name === 'PublishRequest' && script[name] === undefined) {
      waiting.push(reply);
      more();
      return;
    }
    const said = await (script[name] ?? answers[name] ?? unsupported)(message.request as never);
    if (said === undefined) return;
    reply('responseHeader' in said ? said : new ServiceFault({ responseHeader: { serviceResult: said } }));
  };
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const channel = new ServerSecureChannelLayer({ timeout: 60_000 } as never);
    channel.on(
      'message',
      (message: Message) =>
        void answer(message, (response) => channel.send_response('MSG', response, message)),
    );
    channel.on('abort', () => waiting.splice(0));
    channel.init(socket as never, () => undefined);
  });
  listener.listen(on, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const drop = () => {
    waiting.splice(0);
    for (const socket of sockets) socket.destroy();
  };
  return {
    ...{ port, requests, watched, script, drop },
    endpoint: `opc.tcp://127.0.0.1:${port}`,
    waiting: () => waiting.length,
    async say(notificationMessage, { subscription = SUBSCRIPTION, available = [] } = {}) {
      while (waiting.length === 0) await new Promise<void>((resolve) => (more = resolve));
      waiting.shift()?.(
        new PublishResponse({
          ...{ subscriptionId: subscription, notificationMessage, moreNotifications: false },
          availableSequenceNumbers: [...available],
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      const closed = once(listener, 'close');
      listener.close();
      drop();
      await closed;
    },
  };
}
