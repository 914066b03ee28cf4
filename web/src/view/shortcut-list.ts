import { text } from '../texts.ts';
import { openDialog } from './dialog.ts';
import { element } from './dom.ts';

/** macOS has another key where others have Ctrl. */
const COMMAND = /mac|iphone|ipad/i.test(navigator.platform) ? '⌘' : 'Ctrl';

/** Lists all keys. */
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
