import {
  allEmoji,
  chooseTone,
  chosenTone,
  type Emoji,
  findEmoji,
  noteEmoji,
  recentEmoji,
  toned,
  TONES,
} from '../emoji.ts';
import { text } from '../texts.ts';
import { button, element, setText } from './dom.ts';
import { COMMON_EMOJI, emojiItem, openPopover } from './popover.ts';

const PER_ROW = 8;
/** The most hits that are drawn; the user can type more of the name. */
const MAX_FOUND = 96;

/** Opens a choice of emoji next to `anchor`: recent and common ones at once, then all others. */
export function openEmoji(
  anchor: HTMLElement,
  label: string,
  choose: (emoji: string) => void,
): void {
  const wanted = element('input', 'room-filter emoji-search');
  wanted.type = 'search';
  wanted.autocomplete = 'off';
  wanted.placeholder = text('findEmoji');
  wanted.ariaLabel = text('findEmoji');
  const grid = element('div', 'emoji-grid');
  grid.role = 'menu';
  grid.ariaLabel = label;
  const status = element('p', 'hint');
  status.role = 'status';
  const picker = element('div', 'popover emoji-picker', wanted, grid, status, toneRow());
  let groups: readonly (readonly Emoji[])[] = [];
  const taken = (emoji: string) => {
    picker.hidePopover();
    noteEmoji(emoji);
    choose(emoji);
  };
  wanted.addEventListener('input', () => draw());
  draw();
  openPopover(picker, anchor, grid, PER_ROW);
  void load();

  async function load(): Promise<void> {
    try {
      groups = await allEmoji();
      draw();
    } catch {
      setText(status, text('emojiFailed'));
    }
  }

  function draw(): void {
    const isSearch = wanted.value.trim() !== '';
    const shown = isSearch ? findEmoji(groups, wanted.value).slice(0, MAX_FOUND) : initial();
    const { activeElement } = document;
    const focused = grid.contains(activeElement) ? activeElement?.textContent : undefined;
    const before = [...grid.children];
    // An item that stays the same keeps its element, and the focus.
    const items = shown.map((one, at) => {
      const made = item(one);
      const old = before[at];
      if (!(old instanceof HTMLElement) || old.textContent !== made.textContent) return made;
      old.title = made.title;
      return old;
    });
    items.forEach((made, at) => {
      const old = before[at];
      if (old === undefined) grid.append(made);
      else if (old !== made) old.replaceWith(made);
    });
    for (const old of before.slice(items.length)) old.remove();
    if (focused !== undefined && !grid.contains(document.activeElement))
      items.find((one) => one.textContent === focused)?.focus();
    setText(status, isSearch && shown.length === 0 && groups.length > 0 ? text('noEmoji') : '');
  }

  /** The emoji that were chosen last, then common ones, then all others. */
  function initial(): Emoji[] {
    const near = [...new Set([...recentEmoji(), ...COMMON_EMOJI])];
    const known = new Map(groups.flat().map((one) => [one.emoji, one]));
    const first = near.map(
      (emoji) => known.get(emoji) ?? { emoji, name: emoji, hasTones: false, key: '' },
    );
    return [...first, ...groups.flat().filter(({ emoji }) => !near.includes(emoji))];
  }

  function item(one: Emoji): HTMLElement {
    const emoji = toned(one);
    const made = emojiItem(emoji, taken);
    made.title = one.name;
    return made;
  }

  function toneRow(): HTMLElement {
    const row = element('div', 'tones');
    row.role = 'group';
    row.ariaLabel = text('skinTone');
    row.append(
      ...TONES.map((tone) => {
        const made = button(
          `✋${tone}`,
          () => {
            chooseTone(tone);
            for (const each of row.children) each.ariaPressed = String(each === made);
            draw();
          },
          'emoji',
        );
        made.ariaPressed = String(tone === chosenTone());
        return made;
      }),
    );
    return row;
  }
}
