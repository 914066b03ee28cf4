import type { Message, Role, RoomInfo } from './objects.ts';
import type { AnySchema, Output } from './standard-schema.ts';

export type JsonObject = Record<string, unknown>;

/** A room as an application's functions see it. `K`: the schemas of its message kinds, by name. */
export interface AppRoom<K = Record<string, AnySchema>> {
  readonly roomId: string;
  readonly info: RoomInfo;
  /** Epoch milliseconds; the same throughout a command. */
  readonly now: number;
  /** The user who acts. */
  readonly user: AppUser;
  /** @throws Refusal `message_not_found`, also for a message that was deleted */
  message(seq: number): Message;
  /** A message of one kind, with its data. @throws Refusal also `refused`, for a message of another kind */
  message<N extends keyof K & string>(seq: number, kind: N): MessageOfKind<K[N]>;
}

export type MessageOfKind<S> = Omit<Message, 'data'> & { data: Output<S> };

export interface AppUser {
  readonly userId: string;
  readonly username: string;
  /** `none` for a user who is not on the room's list. */
  readonly role: Role;
}

/** A room as an application's commands see it. */
export interface CommandRoom<K = Record<string, AnySchema>> extends AppRoom<K> {
  /**
   * The value that this user has stored about a message; deleted with the message, and when the user is
   * erased. Where the message's kind has `count`, storing one also updates the message's data.
   */
  perUser<T>(seq: number): PerUser<T>;
  /**
   * Replaces the data of a message that has a kind. Others receive `messageUpdated`.
   * @throws Refusal
   */
  update(seq: number, data: object): Message;
  /** A random id. */
  makeId(): string;
}

/** One user's value about one message: JSON, 1 KiB at most. */
export interface PerUser<T> {
  get(): T | undefined;
  set(value: T): void;
  delete(): void;
}

/** What a command returns. */
export type CommandOutcome<R extends object = object> =
  | { reply?: R; effects?: readonly AppEffect[] }
  | undefined
  | void;

/** Sends a declared signal to everybody else in the room, or to one user. */
export interface AppEffect {
  type: 'signal';
  name: string;
  payload: object;
  to?: string;
}

/** What a user wants to send, before it is stored. */
export interface Draft {
  message: string;
  meta?: JsonObject;
  kind?: string;
  data?: JsonObject;
  mentions?: readonly string[];
  replyTo?: number;
  /** Set for an edit, and for a stream that ends. */
  seq?: number;
}

/** What is stored instead of these fields of a draft; absent fields stay as they are. */
export type Replacement = Pick<Partial<Draft>, 'message' | 'meta' | 'data'>;
