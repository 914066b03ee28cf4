import type { InboxDirectory } from '../../host/inbox-directory.ts';
import type { LinkListener, RoomLink } from '../../host/room-directory.ts';
import { Refusal } from '../../protocol/codes/errors.ts';
import type { Limits } from '../../protocol/codes/limits.ts';
import { inboxChangeLines, inboxReplyIn } from '../../protocol/frames.ts';
import type { Identity } from '../../protocol/identity.ts';
import type { CommandAnswers, PendingCommand } from './command-answers.ts';
import { JoinedRoom, type RoomSocket } from './joined-room.ts';
import type { SocketWire } from './socket-wire.ts';

/** What the inbox of a socket needs of its chat. */
export interface InboxOwner {
  readonly wire: SocketWire;
  readonly answers: CommandAnswers;
  readonly limits: Limits;
  readonly identity: Identity;
  /** The inbox has ended its link. */
  inboxClosed(code: number, reason: string): void;
  /** Receives a command again that has waited. */
  receiveAgain(command: PendingCommand): void;
}

/** Most changes that are asked for when the inbox is opened again after a hand-over. */
const MAX_RESUMED = 200;

/** The inbox of one socket, once its client has opened it. Its link works like that of a room. */
export class SocketInbox implements RoomSocket {
  readonly wire: SocketWire;
  readonly answers: CommandAnswers;
  readonly limits: Limits;
  readonly #owner: InboxOwner;
  readonly #inboxes: InboxDirectory;
  #open: JoinedRoom | undefined;
  #position: string | undefined;
  /** The next `inbox` line holds what has changed during a hand-over. */
  #isResuming = false;

  constructor(owner: InboxOwner, inboxes: InboxDirectory) {
    this.#owner = owner;
    this.wire = owner.wire;
    this.answers = owner.answers;
    this.limits = owner.limits;
    this.#inboxes = inboxes;
  }

  /** @throws Refusal `not_joined` for a command before the inbox is open */
  receive(command: PendingCommand): void {
    if (this.#open !== undefined) {
      this.#open.forward(command, () => this.#owner.receiveAgain(command));
      return;
    }
    if (command.name !== 'openInbox') {
      throw new Refusal('not_joined', 'Open the inbox first, with openInbox.');
    }
    void this.#connect(command.payload, command);
  }

  renew(identity: Identity): void {
    this.#open?.link?.renew(identity);
  }

  close(reason: 'left' | 'disconnected'): void {
    this.#open?.link?.close(reason);
    this.#open = undefined;
  }

  /** Closes it for another holder to open again. @returns its position; undefined if it is not open */
  handOver(): string | undefined {
    const position = this.#open === undefined ? undefined : this.#position;
    this.close('disconnected');
    return position;
  }

  /** Opens the inbox at a position; what has changed since then comes as events. */
  resume(position: string): void {
    this.#isResuming = true;
    void this.#connect({ since: position, limit: MAX_RESUMED }, undefined);
  }

  left(): void {}

  closedBy(room: JoinedRoom, code: number, reason: string): void {
    if (room !== this.#open) return;
    this.#open = undefined;
    room.refusePending(reason);
    this.#owner.inboxClosed(code, reason);
  }

  async #connect(payload: unknown, command: PendingCommand | undefined): Promise<void> {
    const room = new JoinedRoom(this, '', false, command);
    this.#open = room;
    const { identity } = this.#owner;
    try {
      const link = await this.#inboxes.connect(identity, payload, this.#listener(room));
      this.#connected(room, link, identity);
    } catch (error) {
      if (this.#open === room) this.#open = undefined;
      if (command !== undefined) this.answers.refuse(command, error);
    }
    room.receiveWaiting();
  }

  #connected(room: JoinedRoom, link: RoomLink, identity: Identity): void {
    if (this.#open !== room) {
      link.close('left');
      return;
    }
    room.link = link;
    if (this.#owner.identity !== identity) link.renew(this.#owner.identity);
  }

  #listener(room: JoinedRoom): LinkListener {
    return {
      lines: (lines, position) => {
        if (room !== this.#open) return;
        this.#position = position ?? this.#position;
        room.lines(this.#isResuming ? this.#resumed(lines) : lines);
      },
      closed: (code, reason) => room.closed(code, reason),
      buffered: () => room.buffered(),
    };
  }

  /** Turns the reply that a resumed inbox begins with into the events that its client has missed. */
  #resumed([first = '', ...rest]: readonly string[]): readonly string[] {
    this.#isResuming = false;
    const reply = inboxReplyIn(first);
    return reply === undefined ? rest : [...inboxChangeLines(reply), ...rest];
  }
}
