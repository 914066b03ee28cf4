import type { Message, Present } from './objects.ts';
import type { AnySchema, Input, Output } from './standard-schema.ts';

/** The kinds or commands of an application that declares none. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type
export type Nothing = Record<never, never>;
export type Schemas = Record<string, AnySchema>;

/** What `defineApp` returns: types for clients, and the definition for hosts. */
export interface App<S = object, K = object, C = object, R = object> {
  readonly '~parlor': {
    readonly signals: S;
    readonly kinds: K;
    readonly commands: C;
    readonly replies: R;
  };
}

/** The payloads of an application's signals, by name. `A` may also be a plain object type of them. */
export type SignalsOf<A> = A extends App<infer S> ? { [N in keyof S]: Input<S[N]> } : A;
/** The payloads of signals as they are received. */
export type ReceivedSignals<A> = {
  [N in keyof SignalsOf<A>]: (A extends App<infer S>
    ? N extends keyof S
      ? Output<S[N]>
      : never
    : SignalsOf<A>[N]) &
    Present & { roomId: string };
};

/** The data of an application's kinds of messages, by name. */
export type KindsOf<A> =
  A extends App<infer _S, infer K> ? { [N in keyof K]: Input<K[N]> } : Nothing;
type KnownKinds<A> = A extends App<infer _S, infer K> ? { [N in keyof K]: Output<K[N]> } : Nothing;

/** What each command of an application takes and replies. */
export type CommandsOf<A> =
  A extends App<infer _S, infer _K, infer C, infer R>
    ? { [N in keyof C]: { payload: Input<C[N]>; reply: N extends keyof R ? R[N] : object } }
    : Nothing;

type OfKind<A> = {
  [N in keyof KnownKinds<A>]: { kind: N; data: KnownKinds<A>[N] };
}[keyof KnownKinds<A>];

/**
 * A message of an application: `data` has the type that the schema of its `kind` outputs. Without
 * kinds, a plain `Message`.
 */
export type MessageOf<A> = [keyof KindsOf<A>] extends [never]
  ? Message
  : Omit<Message, 'kind' | 'data'> & (OfKind<A> | { kind?: undefined; data?: undefined });

/** The payload of one command of an application, and its reply. */
export type CommandPayload<A, N extends keyof CommandsOf<A>> = CommandsOf<A>[N] extends {
  payload: infer P;
}
  ? P
  : never;
export type CommandReply<A, N extends keyof CommandsOf<A>> = CommandsOf<A>[N] extends {
  reply: infer R;
}
  ? R
  : never;
