import { readTypedRoom, similarRoom } from '../entry.ts';
import { field, openDialog } from './dialog.ts';
import { button, element } from './dom.ts';

/**
 * Asks for a room to join.
 * @param known rooms to offer where a name differs from theirs by case alone
 */
export function askRoom(known: readonly string[], open: (roomId: string) => void): void {
  const name = element('input', '');
  name.autocomplete = 'off';
  name.autocapitalize = 'none';
  const offer = element('div', 'offer');
  offer.role = 'status';
  let room = '';
  const dialog = openDialog({
    title: 'Join another room',
    parts: [field('Room', name, 'Any name: a room begins when somebody writes in it.'), offer],
    confirm: 'Join',
    run: () => {
      room = readTypedRoom(name.value);
    },
    after: () => open(room),
  });
  name.addEventListener('input', () => {
    const similar = similarRoom(name.value, known);
    offer.replaceChildren();
    if (similar === undefined) return;
    const join = button(`Join ${similar}`, () => {
      dialog.close();
      open(similar);
    });
    offer.append(element('p', 'hint', `You know a room called “${similar}”.`), join);
  });
}
