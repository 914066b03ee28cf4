import type { Entry, Message, Outgoing, Room, ShownMessage } from '../../../src/client/index.ts';
import type { Names } from '../names.ts';
import type { Reactors } from '../reactors.ts';
import type { FileSource } from './files.ts';
import type { ReplyTargets } from '../reply-targets.ts';

/** What can be done with a message that is shown. */
export interface MessageActions {
  /** Gives a reaction or takes it back. */
  react: (message: Message, emoji: string) => void;
  /** Lets the user choose a reaction. */
  pick: (message: Message, anchor: HTMLElement) => void;
  reply: (message: Message) => void;
  /** Offers everything else. */
  more: (message: Message, anchor: HTMLElement) => void;
  openThread: (seq: number) => void;
  /** Shows a message at its place in the log. */
  jump: (seq: number) => void;
  /** Sends a refused message or change again, or discards it. */
  retry: (id: string) => void;
  discard: (id: string) => void;
  /** Moves an unsent message back into the composer. */
  rewrite: (entry: Outgoing) => void;
}

/** What rows are drawn from. */
export interface RowContext {
  room: Room;
  /** What the room is called. */
  title: () => string;
  /** The user's id; undefined until it is known. */
  ownId: () => string | undefined;
  names: Names;
  reactors: Reactors;
  replyTargets: ReplyTargets;
  actions: MessageActions;
  files: FileSource;
  /** `seq` of each long message that is shown as a whole. */
  unfolded: Set<number>;
}

export type Shown = ShownMessage;
export type FailedChange = Exclude<Entry, Outgoing>;
