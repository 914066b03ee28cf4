import type { Room } from '../../../src/client/index.ts';
import { isModerator, isOwner } from '../rights.ts';
import { text } from '../texts.ts';
import { openIncoming, type TokenOf } from './incoming.ts';
import type { Choice } from './popover.ts';
import { openSettings } from './settings.ts';
import { showTopic } from './topic.ts';

/** What the view of the room does. */
interface Acts {
  copyLink: () => void;
  goToDate: () => void;
  leave: () => void;
  /** Further choices of the menu. */
  others: readonly Choice[];
  tokenOf: TokenOf;
  /** Says so if something could not be loaded. */
  load: (work: Promise<void>) => void;
}

/** What this user can do with the room, as its menu offers it. */
export function roomChoices(room: Room, acts: Acts): Choice[] {
  const { state } = room;
  const { copyLink, goToDate, leave, others, tokenOf, load } = acts;
  const { topic = '' } = state.room ?? {};
  const offered: (Choice | false)[] = [
    { label: text('copyLink'), icon: 'copy', choose: copyLink },
    { label: text('goToDate'), icon: 'waiting', choose: goToDate },
    topic !== '' && { label: text('showTopic'), icon: 'thread', choose: () => showTopic(topic) },
    isModerator(state) && {
      label: text('roomSettings'),
      icon: 'settings',
      choose: () => openSettings(room),
    },
    isOwner(state) && {
      label: text('incoming'),
      icon: 'copy',
      choose: () => load(openIncoming(room, tokenOf)),
    },
    ...others,
    { label: text('leaveRoom'), icon: 'leave', choose: leave },
  ];
  return offered.filter((choice) => choice !== false);
}
