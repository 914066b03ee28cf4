import { errorCodes } from '../../protocol/codes/errors.ts';

/** A JSON Schema, or any other part of the description. */
export type Json = Record<string, unknown>;

/** The place of a schema in the description. */
export function schemaPath(id: string): string {
  return `#/components/schemas/${id}`;
}

export function schemaRef(id: string): Json {
  return { $ref: schemaPath(id) };
}

/** A response with a body. */
export function answered(description: string, type: string, schema: Json): Json {
  return { description, content: { [type]: { schema } } };
}

/** Codes that never apply to a request. */
const ELSEWHERE: ReadonlySet<string> = new Set(['not_joined', 'too_many_rooms']);
/** Codes that may say how long to wait. */
const WAITING: ReadonlySet<string> = new Set(['rate_limited', 'slow_mode', 'muted', 'unavailable']);

const statuses = [
  ...Map.groupBy(
    Object.entries(errorCodes).filter(([code]) => !ELSEWHERE.has(code)),
    ([, { status }]) => String(status),
  ),
].map(([status, entries]) => ({ status, codes: entries.map(([code]) => code) }));

/** The refusal of a body in a content coding that is not supported. */
const UNSUPPORTED = { status: '415', codes: ['invalid_payload'] };

/** All refusals, by status, for the responses of a route. */
export function refusals({ hasBody = false } = {}): Json {
  const all = hasBody ? [...statuses, UNSUPPORTED] : statuses;
  return Object.fromEntries(
    all.map(({ status }) => [status, { $ref: `#/components/responses/Refused${status}` }]),
  );
}

/** The responses that `refusals` refers to. */
export function refusalResponses(): Json {
  return Object.fromEntries(
    [...statuses, UNSUPPORTED].map(({ status, codes }) => [`Refused${status}`, refusedWith(codes)]),
  );
}

function refusedWith(codes: readonly string[]): Json {
  const about = codes.map((code) => `\`${code}\``).join(', ');
  return {
    ...answered(about, 'application/json', schemaRef('Refusal')),
    ...(codes.some((code) => WAITING.has(code)) && {
      headers: {
        'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } },
      },
    }),
  };
}

/** A name as a key that references can hold: other characters become their code in hexadecimal digits. */
export function keyOf(name: string): string {
  return name.replaceAll(/[^\w.-]/gu, (sign) => `_${sign.codePointAt(0)?.toString(16) ?? ''}_`);
}

/** A position in a room's log. */
export const positionSchema = { type: 'string', examples: ['0:0'] };
