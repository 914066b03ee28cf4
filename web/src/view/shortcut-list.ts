import { text } from '../texts.ts';
import { openDialog } from './dialog.ts';
import { element } from './dom.ts';

/** The key of shortcuts: on Apple's systems it is not Ctrl. */
const COMMAND = /mac|iphone|ipad/i.test(navigator.platform) ? '⌘' : 'Ctrl';

/** Shows the list of all shortcuts. */
export function showShortcuts(): void {
  const rows: [keys: string, does: string][] = [
    [`${COMMAND} K`, text('switchRoom')],
    ['Alt ↓, Alt ↑', text('nextRoom')],
    ['/', text('searchThis')],
    ['u', text('toFirstUnread')],
    ['↑', text('editLast')],
    ['Enter', text('sendKey')],
    ['Shift Enter', text('newLine')],
    ['@', text('mention')],
    ['Esc', text('escapeKey')],
    ['?', text('shortcuts')],
  ];
  const list = element('dl', 'shortcut-list');
  list.append(
    ...rows.flatMap(([keys, does]) => [
      element('dt', '', element('kbd', '', keys)),
      element('dd', '', does),
    ]),
  );
  openDialog({ title: text('shortcuts'), parts: [list] });
}
