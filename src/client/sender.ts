import type { Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';
import type { Message } from '../protocol/objects.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Entry, Kept, Outbox } from './outbox.ts';
import { Refused } from './refused.ts';

interface Promised {
  id: string;
  resolve: (message: Message) => void;
  reject: (refused: Refused) => void;
}

export interface SenderPorts {
  connection: Connection;
  environment: Environment;
  outbox: Outbox;
  /** A message as the room says it is now. @param myReactions where a reply has them */
  stored: (message: Message, myReactions?: readonly string[]) => void;
}

type Changed = Result<Reply<'editMessage'> & Partial<Reply<'addReaction'>>>;

/**
 * Takes what is in the outbox to the room, until it is stored or refused for good. Messages go one
 * at a time, so that the order of writing is the order of the room; so do changes, which need not
 * wait for a message that slow mode holds back.
 */
export class Sender {
  readonly #ports: SenderPorts;
  /** Promises of messages that are on their way. */
  readonly #promised = new Set<Promised>();
  readonly #isBusy = { messages: false, changes: false };
  #userId: string | undefined;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves when it is stored. It need not be awaited: the state shows a refusal too. A second send
   * with an id that is on its way waits for the first.
   */
  add(kept: Kept, was?: string): Promise<Message> {
    const { outbox, environment } = this.#ports;
    const id = kept.name === 'message' ? kept.payload.id : environment.makeId();
    // What was refused under this id makes way.
    if (outbox.find(id)?.state === 'failed') outbox.remove(id);
    outbox.add({
      ...kept,
      id,
      state: 'waiting',
      ...(this.#userId !== undefined && { by: this.#userId }),
      ...(was !== undefined && { was }),
    });
    const promise = new Promise<Message>((resolve, reject) => {
      this.#promised.add({ id, resolve, reject });
    });
    promise.catch(() => undefined);
    this.go();
    return promise;
  }

  /** Sends what was refused once more. */
  retry(id: string): void {
    if (this.#ports.outbox.find(id)?.state !== 'failed') return;
    this.#ports.outbox.again(id, this.#userId);
    this.go();
  }

  /** Gives up what is not stored. What is already under way may still be. */
  discard(id: string, problem: Problem): void {
    this.#ports.outbox.remove(id);
    this.#reject(id, problem);
  }

  /** The room is joined. */
  joined(userId: string): void {
    this.#userId = userId;
    this.#ports.outbox.sign(userId);
  }

  /** A message that is stored in the room is no longer unsent, whether or not its reply came. */
  heard(message: Message): void {
    const entry = this.#ports.outbox.find(message.id);
    if (entry?.name === 'message' && entry.by === message.senderId) this.#settle(entry, message);
  }

  /** The room has ended: promises are rejected; unsent messages stay. */
  ended(problem: Problem): void {
    for (const { id } of this.#promised) this.#reject(id, problem);
  }

  /** Sends what waits. */
  go(): void {
    this.#sendNext('messages');
    this.#sendNext('changes');
  }

  #sendNext(lane: 'messages' | 'changes'): void {
    const { connection, outbox } = this.#ports;
    if (this.#isBusy[lane] || !connection.isOpen || this.#userId === undefined) return;
    const entry = outbox.next(lane === 'messages');
    if (entry === undefined) return;
    const { id, name, payload } = entry;
    this.#isBusy[lane] = true;
    outbox.mark(id, 'sending');
    const answered = (result: Changed | undefined) => {
      this.#isBusy[lane] = false;
      this.#answered(id, result);
      this.#sendNext(lane);
    };
    connection.ask(name, payload, answered, (retryAt) => outbox.delay(id, retryAt));
  }

  #answered(id: string, result: Changed | undefined): void {
    const { outbox, stored } = this.#ports;
    if (result?.ok === true) stored(result.message, result.myReactions);
    const entry = outbox.find(id);
    if (entry === undefined) return;
    if (result === undefined) outbox.mark(id, 'waiting');
    else if (result.ok) this.#settle(entry, result.message);
    else this.#refused(entry, result.error);
  }

  #refused(entry: Entry, problem: Problem): void {
    const { outbox, stored } = this.#ports;
    const current = problem.code === 'conflict' ? (problem.current as Message) : undefined;
    if (current !== undefined) stored(current);
    const isGone = current?.deletedAt !== undefined;
    if (current !== undefined && isGone && entry.name === 'deleteMessage') {
      this.#settle(entry, current);
    } else if (current !== undefined && !isGone && current.message === entry.was) {
      // Only its reactions have changed: the text is still the one that was meant.
      outbox.rebase(current);
      outbox.mark(entry.id, 'waiting');
    } else {
      outbox.mark(entry.id, 'failed', problem);
      this.#reject(entry.id, problem);
    }
  }

  #settle(entry: Entry, message: Message): void {
    const { outbox } = this.#ports;
    outbox.remove(entry.id);
    if (entry.name !== 'message') outbox.rebase(message);
    this.#tell(entry.id, ({ resolve }) => resolve(message));
  }

  #reject(id: string, problem: Problem): void {
    this.#tell(id, ({ reject }) => reject(new Refused(problem)));
  }

  #tell(id: string, tell: (promised: Promised) => void): void {
    for (const one of this.#promised) if (one.id === id && this.#promised.delete(one)) tell(one);
  }
}
