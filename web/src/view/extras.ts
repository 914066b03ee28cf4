import style from '../extras.css';
import { addTexts } from '../texts.ts';
import { texts } from '../texts/en-extras.ts';

/** Rarely opened views: one file, loaded when the first of them is opened. */
export { Conversations } from '../inbox/conversations.ts';
export { endPush, showNotice } from '../inbox/push.ts';
export { Files, showFiles, Tray } from '../files/index.ts';
export { askBeforeLeaving } from './ask-before-leaving.ts';
export { askDate } from './ask-date.ts';
export { askRoom } from './ask-room.ts';
export { openEmoji } from './emoji-picker.ts';
export { openInvite } from './invite.ts';
export { PeoplePanel } from './people.ts';
export { messageChoices } from './message-choices.ts';
export { showPins } from './pins.ts';
export { openReactions } from './reactions.ts';
export { roomChoices } from './room-choices.ts';
export { SearchPanel } from './search.ts';
export { showShortcuts } from './shortcut-list.ts';
export { swipeToReply } from './swipe.ts';
export { openSwitcher } from './switcher.ts';
export { ThreadPanel } from './thread.ts';

addTexts(texts);
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets.push(sheet);
