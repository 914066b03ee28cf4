import { Refusal, unavailable } from '../protocol/codes/errors.ts';
import type { Limits } from '../protocol/codes/limits.ts';
import {
  type InboxCommandName,
  type InboxPayload,
  type InboxReply,
  readInboxPayload,
} from '../protocol/inbox-commands.ts';
import type { ConversationState } from '../protocol/inbox-objects.ts';
import { assertPlain } from '../protocol/shape.ts';
import type { Immediate } from '../room/ports.ts';
import type { Database } from '../room/storage/database.ts';
import { isStorageFailure } from '../room/storage/storage-trouble.ts';
import type { PendingDecision, InboxActor, InboxContext, InboxHandler, Step } from './context.ts';
import { take } from './conversations/take.ts';
import type { InboxEvents } from './events.ts';
import { inboxHandlers } from './handlers.ts';
import type { Answer, DirectMessages, InboxPorts } from './ports.ts';
import type { Pushes } from './pushes.ts';
import type { InboxStores } from './storage/stores.ts';
import { type Changes, writerOf } from './writer.ts';

/** The outcome of a command: a reply, with the inbox's position after its changes, or an error. */
export type Outcome<R> =
  | { reply: R; changes: Changes; position: string | undefined }
  | { error: unknown };

export interface InboxParts {
  stores: InboxStores;
  database: Database;
  events: InboxEvents;
  limits: Limits;
  directMessages: DirectMessages;
  acceptsPush: ((endpoint: string) => boolean) | undefined;
  pushes: Pushes;
}

/** Runs a command: decode, handle, ask rooms or inboxes and resume, commit. */
export class InboxPipeline {
  readonly #parts: InboxParts;
  readonly #ports: InboxPorts;

  constructor(parts: InboxParts, ports: InboxPorts) {
    this.#parts = parts;
    this.#ports = ports;
  }

  /**
   * Runs a command. `done` is called once: at once, or in a later turn if it asks rooms or inboxes.
   * @throws Refusal when the command is refused at once; nothing has been stored then
   */
  run<N extends InboxCommandName>(
    name: N,
    actor: InboxActor,
    payload: unknown,
    done: (outcome: Outcome<InboxReply<N>>) => void,
  ): void {
    assertPlain(payload, this.#parts.limits.jsonDepth, 2);
    const read: InboxPayload<N> = readInboxPayload(name, payload);
    const handle: InboxHandler<N> = inboxHandlers[name];
    this.#step(name, actor, (context) => handle(context, read), done);
  }

  /** Takes states from rooms. @throws Refusal `unavailable` when storage fails */
  take(userId: string, updates: readonly { roomId: string; state: ConversationState }[]): void {
    const { events, pushes, stores } = this.#parts;
    const { counted, changes } = this.commit('take', () => {
      const { changes, change } = writerOf(stores, userId);
      const note = (roomId: string, state: ConversationState) => pushes.note(userId, roomId, state);
      const eraseIn = (roomId: string) => pushes.erase(userId, roomId);
      const context = { ...stores, userId, change, note, eraseIn };
      const counted = updates.flatMap(({ roomId, state }) => take(context, roomId, state) ?? []);
      pushes.advance();
      return { counted, changes };
    });
    pushes.schedule();
    events.broadcast(changes, undefined);
    for (const one of counted) events.show(userId, one);
  }

  /** Runs `body` in one transaction. @throws Refusal `unavailable` when storage fails */
  commit<T>(what: string, body: () => Immediate<T>): T {
    try {
      return this.#parts.database.atomic(body);
    } catch (error) {
      if (!isStorageFailure(error)) throw error;
      this.#ports.log.failure(what, error);
      throw unavailable();
    }
  }

  #step<R>(
    what: string,
    actor: InboxActor,
    work: (context: InboxContext) => Step<R>,
    done: (outcome: Outcome<R>) => void,
  ): void {
    const { userId } = actor.identity;
    const { stores, limits, directMessages, acceptsPush, pushes } = this.#parts;
    const { ids, clock } = this.#ports;
    const { step, changes, position } = this.commit(what, () => {
      const { changes, change } = writerOf(stores, userId);
      const step = work({
        ...stores,
        actor,
        userId,
        now: clock.now(),
        limits,
        directMessages,
        acceptsPush,
        makeId: () => ids.make(),
        dropPush: (subscription) => pushes.drop(subscription),
        forgetPushes: () => pushes.forget(userId),
        change,
      });
      const { size } = changes.conversations;
      return {
        step,
        changes,
        position: size === 0 ? undefined : stores.accounts.positionOf(userId),
      };
    });
    if ('reply' in step) done({ reply: step.reply, changes, position });
    else this.#ask(what, actor, step, done);
  }

  /** Asks rooms or other inboxes, then resumes in a transaction of its own. */
  #ask<R>(
    what: string,
    actor: InboxActor,
    { asks, timeoutMs, resume }: PendingDecision<R>,
    done: (outcome: Outcome<R>) => void,
  ): void {
    const answers: (Answer | undefined)[] = asks.map(() => undefined);
    let missing = asks.length;
    let isOver = false;
    const goOn = () => {
      if (isOver) return;
      isOver = true;
      cancel();
      try {
        this.#step(what, actor, (context) => resume(context, answers), done);
      } catch (error) {
        done({ error });
      }
    };
    const cancel = timeoutMs === undefined ? () => {} : this.#ports.timer.after(timeoutMs, goOn);
    for (const [at, ask] of asks.entries()) {
      this.#ports.peers.ask(ask, (answer) => {
        answers[at] = answer;
        this.#takeAnswer(actor.identity.userId, answer);
        missing--;
        if (missing === 0) goOn();
      });
    }
  }

  /** Answers of rooms hold the state of the conversation, which is stored even when the caller is gone. */
  #takeAnswer(userId: string, { roomId, result }: Answer): void {
    if (roomId === undefined || !result.ok || !('conversation' in result)) return;
    try {
      this.take(userId, [{ roomId, state: result.conversation as ConversationState }]);
    } catch (error) {
      if (!(error instanceof Refusal)) this.#ports.log.failure('take', error);
    }
  }
}
