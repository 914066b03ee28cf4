import { operationNames, type Reply, type RequestName, traits } from '../../protocol/commands.ts';
import type { Method, Operation } from '../../protocol/operation.ts';
import { fieldsOf, kindOf, isOptionalField } from '../../protocol/payloads.ts';
import { type FieldReader, flag, type QueryField, text, whole } from './request-parts.ts';

/** A route for one operation of a room. The router and `/openapi.json` are made from these. */
export interface RoomRoute extends Address {
  operation: RequestName;
  /** Fields of the payload that are in the path. */
  fields: Readonly<Record<string, FieldReader>>;
  query: Readonly<Record<string, QueryField>>;
  /** Where the rest of the payload comes from. */
  body: 'none' | 'optional' | 'needed';
  /** Whether it is answered 201, or 200 for something that existed before. */
  creates: boolean;
}

/** The address of an operation, and what it does. */
export interface Address {
  method: Method;
  /** Within `/rooms/:roomId`, in Hono's notation. */
  path: string;
  /** One line for the description of the API. */
  summary: string;
}

const readers: Readonly<Record<ReturnType<typeof kindOf>, FieldReader>> = { whole, flag, text };

/** Operations with a route that is made from the table of the protocol. */
export const roomRoutes: readonly RoomRoute[] = operationNames
  .filter((name) => {
    const { route, hasOwnHandler } = traits.get(name) ?? {};
    return route !== undefined && hasOwnHandler !== true;
  })
  .map((name) => routeOf(name as RequestName));

/** @throws Error for an operation without a route */
export function addressOf(name: RequestName): Address {
  const { route, summary = '' } = traits.get(name) ?? {};
  if (route === undefined) throw new Error(`${name} has no route.`);
  const [method = '', path = ''] = route.split(' ');
  return { method: method as Method, path: path === '/' ? '' : path, summary };
}

function routeOf(operation: RequestName): RoomRoute {
  const address = addressOf(operation);
  const inPath = [...address.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const rest = Object.keys(fieldsOf(operation)).filter((field) => !inPath.includes(field));
  const reader = (field: string) => readers[kindOf(operation, field)];
  // Not every client and proxy passes on a body with these methods.
  const isBodiless = address.method === 'GET' || address.method === 'DELETE';
  const query = isBodiless ? rest : [];
  return {
    ...address,
    operation,
    fields: Object.fromEntries(inPath.map((field) => [field, reader(field)])),
    query: Object.fromEntries(
      query.map((field) => [nameInQuery(operation, field), { field, read: reader(field) }]),
    ),
    body: isBodiless || rest.length === 0 ? 'none' : bodyOf(operation, address, rest),
    creates: traits.get(operation)?.creates === true,
  };
}

function nameInQuery(operation: RequestName, field: string): string {
  const { query = {} }: Partial<Operation> = traits.get(operation) ?? {};
  return Object.keys(query).find((name) => query[name] === field) ?? field;
}

/** A PATCH, and a route that creates, need a body even if all of its fields are optional. */
function bodyOf(
  operation: RequestName,
  { method }: Address,
  fields: readonly string[],
): 'optional' | 'needed' {
  const isNeeded = method === 'PATCH' || traits.get(operation)?.creates === true;
  const isOptional = !isNeeded && fields.every((field) => isOptionalField(operation, field));
  return isOptional ? 'optional' : 'needed';
}

/** Whether the reply of a route that creates is for something that existed before. */
export function isDuplicate(reply: Reply<RequestName>): boolean {
  return 'duplicate' in reply;
}
