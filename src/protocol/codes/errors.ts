/**
 * The closed set of error codes, each with its HTTP status and whether trying again later can help.
 * `internal` is a defect in the server: its details go only to the log.
 */
export const errorCodes = {
  invalid_payload: { status: 400, temporary: false },
  unknown_command: { status: 400, temporary: false },
  unauthorized: { status: 401, temporary: false },
  token_expired: { status: 401, temporary: false },
  forbidden: { status: 403, temporary: false },
  banned: { status: 403, temporary: false },
  muted: { status: 403, temporary: false },
  room_not_found: { status: 404, temporary: false },
  message_not_found: { status: 404, temporary: false },
  member_not_found: { status: 404, temporary: false },
  file_not_found: { status: 404, temporary: false },
  not_joined: { status: 409, temporary: false },
  conflict: { status: 409, temporary: false },
  refused: { status: 422, temporary: false },
  too_large: { status: 413, temporary: false },
  rate_limited: { status: 429, temporary: true },
  slow_mode: { status: 429, temporary: true },
  too_many_rooms: { status: 429, temporary: false },
  too_many_connections: { status: 429, temporary: false },
  unavailable: { status: 503, temporary: true },
  internal: { status: 500, temporary: true },
} as const satisfies Record<string, { status: number; temporary: boolean }>;

export type ErrorCode = keyof typeof errorCodes;

/** What a refusal may say beyond its code and sentence. */
export interface RefusalDetails {
  /** The invalid field of the payload, with dots between levels. */
  field?: string;
  /** How long to wait before trying again, in milliseconds. */
  retryAfterMs?: number;
  /** With `conflict`: the current state of the object that was to be changed. */
  current?: unknown;
  /** With the `conflict` of an append: how long the text is, in UTF-16 units. */
  length?: number;
}

/** A refusal as it is sent. */
export interface Problem extends RefusalDetails {
  code: ErrorCode;
  /** One plain sentence that says what to do. */
  message: string;
}

/** A request that is refused: thrown anywhere below a transport, turned into its wire form in one place. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly details: RefusalDetails;

  constructor(code: ErrorCode, message: string, details: RefusalDetails = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.details = details;
  }

  get problem(): Problem {
    return { code: this.code, message: this.message, ...this.details };
  }
}

/** Makes a refusal from a problem, such as one in a room's reply. */
export function refusalOf({ code, message, ...details }: Problem): Refusal {
  return new Refusal(code, message, details);
}

/** The refusal of an invalid field: `why` completes the sentence that begins with its name. */
export function invalidField(field: string, why: string): Refusal {
  return new Refusal('invalid_payload', `${field} ${why}.`, { field });
}

/** What users see when the server has a defect. */
export const internalProblem: Problem = {
  code: 'internal',
  message: 'Something went wrong on our side; try again.',
};

/** What users see when a room cannot answer now. */
export const unavailableProblem: Problem = {
  code: 'unavailable',
  message: 'The room cannot answer right now; try again in a moment.',
};

/** The refusal of a room that cannot answer now. */
export function unavailable(): Refusal {
  return new Refusal(unavailableProblem.code, unavailableProblem.message);
}
