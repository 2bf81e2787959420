import { z } from 'zod';
import { route } from '../../platform/web/route.ts';
import { ProtocolView } from '../api/sources.ts';
import { protocols } from '../plant/protocols.ts';

/** As a form fills it in: what has a default may be left out. */
export const toJson = (schema: z.ZodType): unknown =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

export const protocolRoutes = () => [
  route({
    method: 'GET',
    path: '/api/v1/protocols',
    role: 'viewer',
    summary: 'The protocols, with the JSON Schema of a source and of a tag for each.',
    answer: z.array(ProtocolView),
    handle: () =>
      Promise.resolve(
        Object.entries(protocols).map(([name, { config, address }]) => ({
          name,
          config: toJson(config),
          address: toJson(address),
        })),
      ),
  }),
];
