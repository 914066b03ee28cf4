import type { App, Nothing, Schemas } from '../protocol/app.ts';
import { Refusal } from '../protocol/codes/errors.ts';
import type { AnySchema, Input, Output } from '../protocol/standard-schema.ts';
import type {
  AppRoom,
  CommandOutcome,
  CommandRoom,
  Draft,
  Replacement,
} from '../protocol/app-room.ts';

export type { AppRoom, CommandRoom, Draft, PerUser } from '../protocol/app-room.ts';

/** A signal's schema; with `crowd`, it is passed on however many users are online. */
export type SignalDefinition<S> = S | { schema: S; crowd: true };

export interface KindDefinition<S> {
  data: S;
  /** Makes the text that users and search see; by default the sender's own text. */
  text?: (data: Output<S>) => string;
  /**
   * Returns the data with a user's value, which a command has set with `perUser`, added (`by` is 1) or
   * removed (-1). Called when the value is set, replaced or deleted, and when the user is erased.
   */
  count?: (data: Output<S>, value: never, by: 1 | -1) => Input<S>;
  /**
   * Fields of the data that only commands and `count` write: a sender's values for them are dropped,
   * and an edit keeps the stored ones.
   */
  counted?: readonly (keyof Output<S> & string)[];
}

export interface CommandDefinition<S, R, K = object> {
  payload: S;
  /** true: users who may only read may use it too. By default it requires the right to send messages. */
  reads?: boolean;
  /** Runs synchronously, in the command's transaction; an error rolls it back. */
  handle: (room: CommandRoom<K>, payload: Output<S>) => CommandOutcome<R & object>;
}

/** The verdict on a text; undefined: it is stored as it is. */
export type Verdict = { refuse: string } | { replace: Replacement } | undefined | void;

/** The definition of an application. */
export interface AppDefinition<S, K, C, R> {
  /** Events that are not stored, by name. */
  signals?: { [N in keyof S]: SignalDefinition<S[N]> };
  /** Kinds of messages, by name. */
  kinds?: { [N in keyof K]: KindDefinition<K[N]> };
  /** Commands, by name. */
  commands?: { [N in keyof C]: CommandDefinition<C[N], N extends keyof R ? R[N] : object, K> } & {
    [N in keyof R]: { handle: (...given: never[]) => CommandOutcome<R[N] & object> };
  };
  /** Decides about every text before it is stored: of a message, of an edit, of a stream at its end. */
  beforeMessage?: (room: AppRoom<K>, draft: Draft) => Verdict;
}

/** An application of any types, as hosts take it. */
export type AnyDefinition = AppDefinition<
  Record<string, AnySchema>,
  Record<string, AnySchema>,
  Record<string, AnySchema>,
  Record<string, object>
>;

/**
 * Declares what an application adds to every room. Hosts check it when they start.
 * @example export default defineApp({ signals: { cursor: z.object({ x: z.number(), y: z.number() }) } });
 */
export function defineApp<
  S extends Schemas = Nothing,
  K extends Schemas = Nothing,
  C extends Schemas = Nothing,
  R = Nothing,
>(definition: AppDefinition<S, K, C, R>): App<S, K, C, R> {
  return { '~parlor': definition } as unknown as App<S, K, C, R>;
}

/**
 * Makes a refusal with a sentence for the user. Throw it in a command or in `beforeMessage`.
 * @example throw refuse('This poll is closed.');
 */
export function refuse(sentence: string): Refusal {
  return new Refusal('refused', sentence);
}
