import { foldName } from '../../../src/protocol/fold.ts';
import { readTypedRoom } from '../entry.ts';
import { text } from '../texts.ts';
import { field, openDialog } from './dialog.ts';
import { element, newId } from './dom.ts';

const MAX_FOUND = 8;

/** A room to go to, and its title. */
export interface KnownRoom {
  roomId: string;
  title: string;
}

/** Finds a known room by a part of its name, or joins another one. */
export function openSwitcher(known: readonly KnownRoom[], open: (roomId: string) => void): void {
  const wanted = element('input', '');
  wanted.autocomplete = 'off';
  wanted.autocapitalize = 'none';
  wanted.role = 'combobox';
  const list = element('ul', 'switcher-list');
  list.role = 'listbox';
  list.ariaLabel = text('rooms');
  list.id = newId();
  wanted.setAttribute('aria-controls', list.id);
  wanted.ariaExpanded = 'true';
  let found: readonly KnownRoom[] = [];
  let selected = 0;
  let room = '';
  const dialog = openDialog({
    title: text('switchRoom'),
    parts: [field(text('room'), wanted, text('switchHint')), list],
    confirm: text('open'),
    run: () => {
      room = found[selected]?.roomId ?? readTypedRoom(wanted.value);
    },
    after: () => open(room),
  });
  wanted.addEventListener('input', () => {
    selected = 0;
    render();
  });
  wanted.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || found.length === 0) return;
    selected = (selected + step + found.length) % found.length;
    event.preventDefault();
    render();
  });
  render();

  function render(): void {
    const key = foldName(wanted.value.trim().replace(/^#/, ''));
    found = known
      .filter(({ title }) => foldName(title).includes(key))
      .toSorted((a, b) => foldName(a.title).indexOf(key) - foldName(b.title).indexOf(key))
      .slice(0, MAX_FOUND);
    list.replaceChildren(...found.map((one, at) => option(one, at)));
    wanted.setAttribute(
      'aria-activedescendant',
      found.length === 0 ? '' : `${list.id}-${selected}`,
    );
  }

  function option({ roomId, title }: KnownRoom, at: number): HTMLLIElement {
    const made = element('li', 'choice', element('bdi', 'name', title));
    made.role = 'option';
    made.id = `${list.id}-${at}`;
    made.ariaSelected = String(at === selected);
    made.addEventListener('click', () => {
      dialog.close();
      open(roomId);
    });
    return made;
  }
}
