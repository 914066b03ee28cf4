import type { Reply } from '../protocol/commands.ts';
import type { Problem } from '../protocol/codes/errors.ts';
import type { Result } from '../protocol/frames.ts';
import type { Message } from '../protocol/objects.ts';
import type { Connection } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Entry, Kept, Outbox } from './outbox.ts';
import { Lane, type Next } from './lane.ts';
import { notConnected, Refused } from './refused.ts';
import type { RoomModel } from './room-model.ts';

interface Promised {
  id: string;
  resolve: (message: Message) => void;
  reject: (refused: Refused) => void;
}

export interface SenderPorts {
  connection: Connection;
  environment: Environment;
  outbox: Outbox;
}

type Changed = Result<Reply<'editMessage'> & Partial<Reply<'addReaction'>>>;

/**
 * Sends the entries of the outbox to the room, until they are stored or refused for good. Messages are
 * sent one at a time, so that they keep their order in the room; so are changes, which need not wait
 * for a message that slow mode delays.
 */
export class Sender {
  readonly #ports: SenderPorts;
  readonly #model: Pick<RoomModel, 'stored'>;
  /** One for messages, one for changes. */
  readonly #lanes: readonly Lane<Kept['name']>[];
  /** The promises of entries that are not settled. */
  readonly #promised = new Set<Promised>();
  #userId: string | undefined;

  /** @param model receives each message in its current state */
  constructor(ports: SenderPorts, model: Pick<RoomModel, 'stored'>) {
    this.#ports = ports;
    this.#model = model;
    const { connection } = ports;
    this.#lanes = [true, false].map((isOf) => new Lane(connection, () => this.#next(isOf)));
  }

  /**
   * Resolves when it is stored. It need not be awaited: the state shows a refusal too. A second call
   * with the id of an entry that is not settled waits for the first.
   */
  add(kept: Kept, was?: string): Promise<Message> {
    const { outbox, environment } = this.#ports;
    const id = 'id' in kept.payload ? kept.payload.id : environment.makeId();
    // An entry that was refused under this id is replaced.
    if (outbox.find(id)?.state === 'failed') outbox.remove(id);
    outbox.add({ ...kept, id, state: 'waiting', by: this.#userId, was });
    const promise = new Promise<Message>((resolve, reject) => {
      this.#promised.add({ id, resolve, reject });
    });
    promise.catch(() => undefined);
    this.send();
    return promise;
  }

  /** Sends a refused entry again. */
  retry(id: string): void {
    const entry = this.#ports.outbox.find(id);
    if (entry?.state !== 'failed') return;
    this.#ports.outbox.mark(id, { state: 'waiting', by: this.#userId ?? entry.by });
    this.send();
  }

  /** Discards an entry that is not stored. If it is being sent, it may still be stored. */
  discard(id: string): void {
    this.#ports.outbox.remove(id);
    this.#reject(id, notConnected);
  }

  /** The room is joined. */
  joined(userId: string): void {
    this.#userId = userId;
    this.#ports.outbox.sign(userId);
  }

  /** Removes a message that is stored in the room, whether or not its reply arrived. */
  stored(message: Message): void {
    const entry = this.#ports.outbox.find(message.id);
    if (entry?.name === 'message' && entry.by === message.senderId) this.#settle(entry, message);
  }

  /** Sends entries that wait. If the connection has ended, rejects the promises; unsent messages stay. */
  send(): void {
    const { over } = this.#ports.connection;
    if (over !== undefined) for (const { id } of this.#promised) this.#reject(id, over);
    for (const lane of this.#lanes) lane.send();
  }

  #next(isMessage: boolean): Next<Kept['name']> | undefined {
    const { outbox } = this.#ports;
    const entry = this.#userId === undefined ? undefined : outbox.next(isMessage);
    if (entry === undefined) return undefined;
    const { id, name, payload } = entry;
    const mark = (retryAt?: number) => outbox.mark(id, { state: 'sending', retryAt });
    mark();
    return { name, payload, answered: (result) => this.#answered(id, result), delayed: mark };
  }

  #answered(id: string, result: Changed | undefined): void {
    const { outbox } = this.#ports;
    if (result?.ok === true) this.#model.stored(result.message, result.myReactions);
    const entry = outbox.find(id);
    if (entry === undefined) return;
    if (result === undefined) outbox.mark(id, { state: 'waiting' });
    else if (result.ok) this.#settle(entry, result.message);
    else this.#refused(entry, result.error);
  }

  #refused(entry: Entry, problem: Problem): void {
    const { outbox } = this.#ports;
    // Set for a `conflict`.
    const current = problem.current as Message | undefined;
    if (current !== undefined) this.#model.stored(current);
    if (current?.deletedAt !== undefined && entry.name === 'deleteMessage') {
      this.#settle(entry, current);
      return;
    }
    // Only its reactions have changed: the text is still the one that the user saw.
    const isSame = current !== undefined && !current.deletedAt && current.message === entry.was;
    // After a refusal the user sees the current text: trying again replaces that one.
    const was = current?.message ?? entry.was;
    outbox.mark(entry.id, isSame ? { state: 'waiting' } : { state: 'failed', problem, was });
    if (current !== undefined) outbox.rebase(current);
    if (!isSame) this.#reject(entry.id, problem);
  }

  #settle(entry: Entry, message: Message): void {
    const { outbox } = this.#ports;
    outbox.remove(entry.id);
    if (entry.name !== 'message') outbox.rebase(message);
    this.#settlePromises(entry.id, ({ resolve }) => resolve(message));
  }

  #reject(id: string, problem: Problem): void {
    this.#settlePromises(id, ({ reject }) => reject(new Refused(problem)));
  }

  #settlePromises(id: string, settle: (promised: Promised) => void): void {
    for (const one of this.#promised) if (one.id === id && this.#promised.delete(one)) settle(one);
  }
}
