/** What is opened seldom: one file, loaded with the first of them. */
export { Files, showFiles, Tray } from '../files/index.ts';
export { askDate } from './ask-date.ts';
export { askRoom } from './ask-room.ts';
export { openEmoji } from './emoji-picker.ts';
export { openInvite } from './invite.ts';
export { PeoplePanel } from './people.ts';
export { openReactions } from './reactions.ts';
export { SearchPanel } from './search.ts';
export { openSettings } from './settings.ts';
export { showShortcuts } from './shortcut-list.ts';
export { openSwitcher } from './switcher.ts';
export { ThreadPanel } from './thread.ts';
