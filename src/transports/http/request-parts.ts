import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Credentials } from '../../auth/authenticator.ts';
import { bearerIn, hasToken } from '../../auth/credentials.ts';
import { invalidField, type Problem, Refusal } from '../../protocol/codes/errors.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import type { OperationName } from '../../protocol/commands.ts';
import { knownUserIdSchema } from '../../protocol/objects.ts';
import { isOptionalField } from '../../protocol/payloads.ts';
import { depthOfText } from '../../protocol/shape.ts';
import { textOf, wrongBody } from './body-text.ts';
import { readRoomId } from '../native/handshake.ts';

/** Reads the fields of a command's payload from path, query and body. Schemas check them later. */

/** Converts the text of a path segment or a query to a field's value; text that does not fit stays. */
export type FieldReader = (text: string) => unknown;

export const text: FieldReader = (given) => given;
export const whole: FieldReader = (given) => (/^\d+$/.test(given) ? Number(given) : given);
export const flag: FieldReader = (given) =>
  given === 'true' || given === 'false' ? given === 'true' : given;

/** The credentials of a request. */
export function credentialsOf(c: Context): Credentials {
  return {
    token: bearerIn(c.req.header('authorization')),
    isTokenInUrl: hasToken(new URL(c.req.url).searchParams),
  };
}

/** The room a request is about. @throws Refusal `invalid_payload` */
export function roomIdOf(c: Context): string {
  return readRoomId(rawSegments(c)[2] ?? '');
}

/**
 * The fields in a path.
 * @param pattern in Hono's notation, such as `/rooms/:roomId/messages/:seq`
 */
export function pathFields(
  c: Context,
  pattern: string,
  readers: Readonly<Record<string, FieldReader>>,
): Record<string, unknown> {
  const segments = rawSegments(c);
  const places = pattern.split('/');
  return Object.fromEntries(
    Object.entries(readers).map(([name, read]) => [
      name,
      read(decoded(name, segments[places.indexOf(`:${name}`)] ?? '')),
    ]),
  );
}

/**
 * The user whom a request is about.
 * @param pattern in Hono's notation, with `:userId`
 * @throws Refusal `invalid_payload`
 */
export function userIdOf(c: Context, pattern: string): string {
  const { userId } = pathFields(c, pattern, { userId: text });
  const read = knownUserIdSchema.safeParse(userId);
  if (read.success) return read.data;
  throw invalidField('userId', read.error.issues[0]?.message ?? 'must be a user id');
}

/** The path as it was sent, so that each segment is decoded once. */
function rawSegments(c: Context): string[] {
  return new URL(c.req.url).pathname.split('/');
}

function decoded(name: string, segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidField(name, 'must be percent-encoded UTF-8');
  }
}

/** Where a field of a query goes in the payload, and how it is read. */
export interface QueryField {
  field: string;
  read: FieldReader;
}

/** The fields in a query; an optional one that is empty counts as absent. */
export function queryFields(
  c: Context,
  operation: OperationName,
  query: Readonly<Record<string, QueryField>>,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, { field, read }] of Object.entries(query)) {
    const given = c.req.query(name);
    if (given === undefined || (given === '' && isOptionalField(operation, field))) continue;
    fields[field] = read(given);
  }
  return fields;
}

/** A problem that names a field of the query by the name it has there. */
export function withQueryFieldName(
  query: Readonly<Record<string, QueryField>>,
  problem: Problem,
): Problem {
  const { field = '', message } = problem;
  const name = Object.keys(query).find((one) => query[one]?.field === field) ?? field;
  return name === field
    ? problem
    : { ...problem, field: name, message: message.replace(field, name) };
}

/** Refuses a body over `MAX_FRAME_BYTES`. */
export function limitBody({ frameBytes }: Limits): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize: frameBytes,
    onError: () => {
      throw new Refusal('too_large', `Keep a request under ${frameBytes} bytes.`);
    },
  });
  return (c, next) => {
    const length = c.req.header('content-length');
    const isChunked = c.req.header('transfer-encoding') !== undefined;
    // Accessing the body makes a stream of it on Node, which is a third of what such a request costs.
    const isSmall = length !== undefined && !isChunked && Number(length) <= frameBytes;
    return isSmall ? next() : limit(c, next);
  };
}

/** Refuses a body that cannot be read as its headers declare it. @throws Refusal */
export function assertReadable(c: Context): void {
  const contentType = c.req.header('content-type');
  const why = wrongBody({ contentType, contentEncoding: c.req.header('content-encoding') });
  if (why !== undefined) throw why;
}

/**
 * A JSON object in the body, which is UTF-8. Its content type must be JSON, which a page of another
 * origin cannot send without a preflight (CORS).
 * @param isOptional whether no body at all, or null, is an empty object
 */
export async function bodyFields(
  c: Context,
  { jsonDepth }: Limits,
  isOptional: boolean,
): Promise<object> {
  const bytes = await c.req.arrayBuffer();
  if (isOptional && bytes.byteLength === 0) return {};
  assertReadable(c);
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) {
    throw new Refusal('invalid_payload', 'Send JSON, with Content-Type: application/json.');
  }
  const sent = textOf(bytes);
  // Before anything walks it, perhaps by recursion. The limit includes the tuple that sockets add.
  if (depthOfText(sent) >= jsonDepth) {
    throw new Refusal('invalid_payload', `Nest JSON at most ${jsonDepth} levels deep.`);
  }
  const body = parsed(sent);
  if (isOptional && body === null) return {};
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw invalidField('body', 'must be a JSON object');
}

function parsed(sent: string): unknown {
  try {
    return JSON.parse(sent);
  } catch {
    throw invalidField('body', 'must be JSON');
  }
}
