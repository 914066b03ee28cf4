import { readTypedRoom, similarRoom } from '../entry.ts';
import { field, openDialog } from './dialog.ts';
import { button, element } from './dom.ts';
import { text } from '../texts.ts';

/**
 * Asks for a room to join.
 * @param known rooms to offer if the typed name differs from theirs by case or accents alone
 */
export function askRoom(known: readonly string[], open: (roomId: string) => void): void {
  const name = element('input', '');
  name.autocomplete = 'off';
  name.autocapitalize = 'none';
  const offer = element('div', 'offer');
  offer.role = 'status';
  let room = '';
  const dialog = openDialog({
    title: text('joinAnother'),
    parts: [field(text('room'), name, text('anyName')), offer],
    confirm: text('join'),
    run: () => {
      room = readTypedRoom(name.value);
    },
    after: () => open(room),
  });
  name.addEventListener('input', () => {
    const similar = similarRoom(name.value, known);
    offer.replaceChildren();
    if (similar === undefined) return;
    const join = button(text('joinRoom', { room: similar }), () => {
      dialog.close();
      open(similar);
    });
    offer.append(element('p', 'hint', text('knownRoom', { room: similar })), join);
  });
}
