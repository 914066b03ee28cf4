/** A user's conversations: `const inbox = await client.inbox()`. */
import type { InboxCommandName, InboxPayload, InboxReply } from '../protocol/inbox-commands.ts';
import type { InboxEventName, InboxEventPayload } from '../protocol/inbox-events.ts';
import type { Conversation } from '../protocol/inbox-objects.ts';
import { Asker } from './asker.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { Environment } from './environment.ts';
import type { Followed } from './follower.ts';
import { InboxModel } from './inbox-model.ts';
import type { InboxState } from './inbox-state.ts';
import { Listeners } from './listeners.ts';
import type { Status } from './status.ts';

export type { InboxCommandName, InboxPayload, InboxReply } from '../protocol/inbox-commands.ts';
export type { Conversation, Notify, Totals } from '../protocol/inbox-objects.ts';
export { emptyInbox, type InboxState } from './inbox-state.ts';

/** The events of an inbox as in the protocol, and two of this client. */
export type InboxEvents = { [N in InboxEventName]: InboxEventPayload<N> } & {
  change: InboxState;
  status: Status;
};

/** Commands that a client may send to an inbox. */
export type InboxAskable = Exclude<
  InboxCommandName,
  'openInbox' | 'rebuildInbox' | 'eraseInbox' | 'exportInbox'
>;

type Reply = InboxReply<'openInbox'>;

const followed: Followed<Reply, 'openInbox'> = {
  opening: 'inbox',
  page: 'openInbox',
  payload: (since) => ({ since }),
  isPartial: ({ hasMore, reset }) => hasMore && reset === undefined,
};

/** How often `watchInbox` is repeated, in milliseconds: it lasts two minutes. */
const WATCH_AGAIN_MS = 110_000;

/**
 * The conversations of the user, with their unread counts. It opens when it is made, reconnects by
 * itself, and catches up.
 */
export class Inbox {
  readonly #connection: Connection<Reply, 'openInbox'>;
  readonly #asker: Asker;
  readonly #model = new InboxModel();
  readonly #listeners = new Listeners<InboxEvents>();
  readonly #environment: Environment;
  #stopWatching = () => {};
  #watched: readonly string[] = [];
  #more: Promise<unknown> | undefined;
  #state: InboxState | undefined;

  constructor(options: ConnectionOptions, environment: Environment) {
    this.#environment = environment;
    this.#connection = new Connection(followed, options, environment, {
      status: (status) => this.#statusChanged(status),
      joined: (reply, hasResumed) => this.#opened(reply, hasResumed),
      missed: (page) => this.#model.changed(page),
      event: (name, payload) => this.#event(name as InboxEventName, payload as never),
      framed: () => this.#changed(),
      renewed: () => undefined,
    });
    this.#asker = new Asker(this.#connection);
    this.open();
  }

  /**
   * Opens it again after `close` or an end; if the connection is lost, reconnects at once.
   * @example if (inbox.state.status.name === 'ended') inbox.open();
   */
  open(): void {
    this.#connection.start();
  }

  /**
   * Closes it, until `open`.
   * @example inbox.close();
   */
  close(): void {
    this.#connection.stop();
  }

  /**
   * The inbox as this client knows it; the same object until something changes.
   * @example for (const { roomId, unread } of inbox.state.conversations) console.log(roomId, unread);
   */
  get state(): InboxState {
    this.#state ??= { status: this.#connection.status, ...this.#model.state };
    return this.#state;
  }

  /**
   * A conversation that is loaded, also an archived one.
   * @example const draft = inbox.find('general')?.draft;
   */
  find(roomId: string): Conversation | undefined {
    return this.#model.find(roomId);
  }

  /**
   * For libraries that read the state after each change, such as React.
   * @returns unsubscribes
   * @example const stop = inbox.subscribe(() => console.log(inbox.getState().totals.unread));
   */
  readonly subscribe = (listener: () => void): (() => void) => this.on('change', listener);
  /**
   * `state`, as a function that can be passed on.
   * @example const { totals } = inbox.getState();
   */
  readonly getState = (): InboxState => this.state;

  /**
   * Calls a listener for every event of this name.
   * @returns removes it
   * @example inbox.on('inboxTotals', ({ mentions }) => console.log(`${mentions} rooms mention you.`));
   */
  on<N extends keyof InboxEvents>(
    name: N,
    listener: (payload: InboxEvents[N]) => unknown,
  ): () => void {
    return this.#listeners.on(name, listener);
  }

  /**
   * Loads a page of further conversations into the state. @throws Refused
   * @example if (inbox.state.hasMore) await inbox.loadMore();
   */
  loadMore(limit = 50): Promise<unknown> {
    const after = this.#model.last;
    this.#more ??= this.#ask('getInbox', { limit, after }, (page) =>
      this.#model.page(page),
    ).finally(() => {
      this.#more = undefined;
    });
    return this.#more;
  }

  /**
   * Names the rooms on screen, up to 20: their changes are shown as they happen, until
   * others are named.
   * @example inbox.watch(inbox.state.conversations.slice(0, 20).map(({ roomId }) => roomId));
   */
  watch(roomIds: readonly string[]): void {
    this.#watched = roomIds;
    this.#watch();
  }

  /**
   * Sets the given fields: `pinned`, `archived`, `notify`, `draft`, `readUpTo`, `unreadFrom`. Without
   * any it only returns the conversation, with its draft.
   * @throws Refused
   * @example await inbox.set('general', { pinned: true, notify: 'all' });
   */
  async set(
    roomId: string,
    choices: Omit<InboxPayload<'setConversation'>, 'roomId'> = {},
  ): Promise<Conversation> {
    return (await this.ask('setConversation', { roomId, ...choices })).conversation;
  }

  /**
   * Opens the direct room with another user.
   * @throws Refused `member_not_found` if they do not accept one
   * @example const { roomId } = await inbox.openDirect('bob');
   */
  async openDirect(userId: string): Promise<Conversation> {
    return (await this.ask('openDirect', { userId })).conversation;
  }

  /**
   * Removes this user from a room's list.
   * @throws Refused for the last owner
   * @example await inbox.quit('general');
   */
  async quit(roomId: string): Promise<void> {
    await this.ask('quitRoom', { roomId });
  }

  /**
   * Sends any command of the protocol's inbox, as soon as it can be reached, and again if the
   * connection is lost before the reply.
   * @throws Refused
   * @example await inbox.ask('blockUser', { userId: 'mallory' });
   */
  ask<N extends InboxAskable>(name: N, payload: InboxPayload<N>): Promise<InboxReply<N>> {
    return this.#ask(name, payload);
  }

  #ask<N extends InboxAskable>(
    name: N,
    payload: InboxPayload<N>,
    take?: (reply: InboxReply<N>) => void,
  ): Promise<InboxReply<N>> {
    const taken = (answer: object) => {
      const reply = answer as InboxReply<N>;
      if ('conversation' in reply) this.#model.put(reply.conversation);
      if (name === 'quitRoom') this.#model.remove((payload as { roomId: string }).roomId);
      take?.(reply);
    };
    // Every command of an inbox may be sent twice.
    const asked = this.#asker.ask(name, payload as never, taken, true);
    return asked as Promise<unknown> as Promise<InboxReply<N>>;
  }

  #opened(reply: Reply, hasResumed: boolean): void {
    if (reply.reset === true) this.#begin();
    else if (hasResumed) this.#model.changed(reply);
    else this.#model.begin(reply);
    this.#asker.send();
    this.#watch();
  }

  /** The inbox was replaced: the old list is shown until the new one is loaded. */
  #begin(): void {
    void this.#ask('getInbox', {}, (page) => this.#model.begin(page)).catch(() => undefined);
  }

  #event<N extends InboxEventName>(name: N, payload: InboxEventPayload<N>): void {
    if ('mentions' in payload) this.#model.counted(payload);
    else if ('kind' in payload) this.#model.put(payload);
    else this.#model.remove(payload.roomId);
    this.#listeners.notify(name, payload as never);
  }

  #watch(): void {
    this.#stopWatching();
    if (this.#watched.length === 0 || !this.#connection.isOpen) return;
    this.#connection.ask('watchInbox', { roomIds: [...this.#watched] });
    this.#stopWatching = this.#environment.after(WATCH_AGAIN_MS, () => this.#watch());
  }

  #statusChanged(status: Status): void {
    if (this.#connection.over !== undefined) {
      this.#asker.send();
      this.#stopWatching();
    }
    this.#listeners.notify('status', status);
    this.#changed();
  }

  #changed(): void {
    this.#state = undefined;
    this.#listeners.notify('change', this.state);
  }
}
