import type { Message, Room } from '../../../src/client/index.ts';
import { isModerator, whyCannotSend } from '../rights.ts';
import { openDialog } from './dialog.ts';
import { element } from './dom.ts';
import { mayPin, setPinned } from './pins.ts';
import type { Choice } from './popover.ts';
import { text } from '../texts.ts';

/** What the view of the message does. */
interface Acts {
  react: () => void;
  reply: () => void;
  edit: () => void;
  copy: () => void;
  copyLink: () => void;
  showReactions: () => void;
  say: (sentence: string) => void;
  /** Undefined within a thread. */
  openThread: ((seq: number) => void) | undefined;
}

/** What this user can do with a message, as a menu offers it. */
export function messageChoices(room: Room, message: Message, acts: Acts): Choice[] {
  const { state } = room;
  const { react, reply, edit, copy, copyLink, showReactions, say, openThread } = acts;
  const isOwn = message.senderId === state.you?.userId;
  const maySpeak = whyCannotSend(state, Date.now()) === undefined;
  const hasReactions = Object.keys(message.reactions ?? {}).length > 0;
  const isPinned = state.room?.pins?.includes(message.seq) === true;
  const offered: (Choice | false | undefined)[] = [
    maySpeak && { label: text('react'), icon: 'react', choose: react },
    maySpeak && { label: text('reply'), icon: 'reply', choose: reply },
    maySpeak && isOwn && { label: text('edit'), icon: 'edit', choose: edit },
    openThread && {
      label: text('openThread'),
      icon: 'thread',
      choose: () => openThread(threadOf(message)),
    },
    hasReactions && {
      label: text('reactions'),
      icon: 'people',
      choose: showReactions,
    },
    { label: text('copyText'), icon: 'copy', choose: copy },
    { label: text('copyMessageLink'), icon: 'link', choose: copyLink },
    mayPin(room) && {
      label: text(isPinned ? 'unpin' : 'pin'),
      icon: 'pin',
      choose: () => void setPinned(room, message.seq, !isPinned, say),
    },
    (isOwn || isModerator(state)) && {
      label: text('delete'),
      icon: 'delete',
      isDanger: true,
      choose: () => askDelete(room, message),
    },
  ];
  return offered.filter((choice) => choice !== false && choice !== undefined);
}

/** `seq` of a message's thread: its own if it has replies, else that of the message it replies to. */
function threadOf({ seq, replyTo, replyCount = 0 }: Message): number {
  return replyCount > 0 ? seq : (replyTo ?? seq);
}

function askDelete(room: Room, { seq, message, sender }: Message): void {
  openDialog({
    title: text('deleteThis'),
    parts: [
      element('blockquote', 'quoted', element('b', '', sender), ' ', message.slice(0, 200)),
      element('p', '', text('deleteShown')),
    ],
    confirm: text('delete'),
    isDanger: true,
    run: () => {
      // A refusal is shown in the message's row.
      room.delete(seq).catch(() => undefined);
    },
  });
}
