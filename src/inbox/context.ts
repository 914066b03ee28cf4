import type { Limits } from '../protocol/codes/limits.ts';
import type { InboxCommandName, InboxPayload, InboxReply } from '../protocol/inbox-commands.ts';
import type { Identity } from '../protocol/identity.ts';
import type { Connection } from '../room/ports.ts';
import type { Answer, Ask, DirectMessages } from './ports.ts';
import type { StoredConversation } from './storage/conversations.ts';
import type { PushSubscription } from './storage/push-subscriptions.ts';
import type { InboxStores } from './storage/stores.ts';

/** The user who gave a command to their inbox; over HTTP there is no connection. */
export interface InboxActor {
  identity: Identity;
  connection?: Connection;
}

/** What a handler reads and writes through. */
export interface InboxContext extends InboxStores {
  actor: InboxActor;
  userId: string;
  /** Epoch milliseconds. */
  now: number;
  limits: Limits;
  directMessages: DirectMessages;
  /** Whether notifications are pushed to an address; absent where none are pushed at all. */
  acceptsPush?: ((endpoint: string) => boolean) | undefined;
  makeId: () => string;
  /** Ends pushing to a browser. */
  dropPush(subscription: PushSubscription): void;
  /** Removes the user's push subscriptions and notices. */
  forgetPushes(): void;
  /**
   * Stores a conversation under the next `rev` of the inbox. The user's other connections get it as an
   * event, with its draft if `what` is `draft`.
   */
  change(conversation: StoredConversation, what?: 'draft'): StoredConversation;
}

/** What a handler decided. */
export type Step<R> = { reply: R } | PendingDecision<R>;

/** A decision that needs answers from rooms or other inboxes. They arrive in a later turn of the inbox. */
export interface PendingDecision<R> {
  asks: readonly Ask[];
  /** How long to wait for answers, in milliseconds; states in later ones are still stored. */
  timeoutMs?: number;
  /** Continues in a transaction of its own. A missing answer is undefined. */
  resume: (context: InboxContext, answers: readonly (Answer | undefined)[]) => Step<R>;
}

export type InboxHandler<N extends InboxCommandName> = (
  context: InboxContext,
  payload: InboxPayload<N>,
) => Step<InboxReply<N>>;
