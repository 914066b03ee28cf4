import { button, byId, element, icon } from './dom.ts';

/** An item of a menu. */
export interface Choice {
  label: string;
  icon: string;
  isDanger?: boolean;
  choose: () => void;
}

const MARGIN_PX = 8;

/** On touch screens, menus are sheets at the bottom of the screen, where a thumb reaches. */
const isTouch = matchMedia('(hover: none)');

/** Reactions at the top of a sheet. */
export interface QuickReactions {
  emoji: readonly string[];
  choose: (emoji: string) => void;
}

/**
 * Opens a menu next to `anchor`; the focus goes back there when it closes.
 * @param quick reactions that a sheet begins with
 */
export function openMenu(
  anchor: HTMLElement,
  label: string,
  choices: readonly Choice[],
  quick?: QuickReactions,
): void {
  const menu = element('div', 'popover menu');
  menu.role = 'menu';
  menu.ariaLabel = label;
  if (isTouch.matches && quick !== undefined) menu.append(quickRow(quick));
  menu.append(
    ...choices.map(({ label, icon: name, isDanger, choose }) => {
      const item = button('', () => choose(), isDanger === true ? 'item is-danger' : 'item');
      item.role = 'menuitem';
      item.tabIndex = -1;
      item.append(icon(name), label);
      return item;
    }),
  );
  openPopover(menu, anchor);
}

function quickRow({ emoji, choose }: QuickReactions): HTMLElement {
  const row = element('div', 'quick', ...emoji.map((one) => emojiItem(one, choose)));
  row.role = 'group';
  return row;
}

/** One emoji of a menu. */
export function emojiItem(emoji: string, choose: (emoji: string) => void): HTMLElement {
  const item = button(emoji, () => choose(emoji), 'emoji');
  item.role = 'menuitem';
  item.tabIndex = -1;
  return item;
}

/** Common reactions, offered before all others; the first eight are the most common ones. */
export const COMMON_EMOJI =
  '👍 ❤️ 😂 🎉 😮 😢 🙏 👀 ✅ ❌ 🔥 🚀 💯 👏 🙌 💪 😀 😄 😅 😉 😊 😍 😎 🤔 😴 😭 😡 🤯 🥳 🤝 👋 👌 👎 🤷 💡 ⚡ ⭐ 🌱 🐛 🎂 ☕ 🍕 🏆 📌 🔗 🕒 ❓ ❗'.split(
    ' ',
  );
/** The reactions that a message's menu begins with on touch screens. */
export const QUICK_EMOJI = COMMON_EMOJI.slice(0, 6);

/**
 * Opens a popover next to `anchor`, or as a sheet on touch screens.
 * @param menu the part of the popover that holds the items
 * @param perRow how many items are side by side
 */
export function openPopover(
  popover: HTMLElement,
  anchor: HTMLElement,
  menu = popover,
  perRow = 1,
): void {
  popover.popover = 'auto';
  const itemsNow = () => [...menu.querySelectorAll<HTMLElement>('[role="menuitem"]')];
  menu.addEventListener('keydown', (event) => {
    const items = itemsNow();
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = targetOf(event.key, at, items.length, perRow);
    if (event.key === 'Tab' && menu === popover) popover.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    items.at(to)?.focus();
  });
  // Before the item's own listener: a dialog that it opens returns the focus to where it is then.
  menu.addEventListener('click', () => popover.hidePopover(), { capture: true });
  popover.addEventListener('toggle', (event) => {
    const isOpen = event.newState === 'open';
    anchor.ariaExpanded = String(isOpen);
    if (!isOpen) popover.remove();
  });
  // In the page's content for screen readers; on the screen it is above everything.
  byId('stage', HTMLElement).append(popover);
  anchor.focus({ preventScroll: true });
  popover.showPopover();
  if (isTouch.matches) popover.classList.add('is-sheet');
  else place(popover, anchor);
  itemsNow()[0]?.focus();
}

/** The index of the item that a key leads to. */
function targetOf(key: string, at: number, length: number, perRow: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return at + perRow < length || perRow === 1 ? (at + perRow) % length : at;
    case 'ArrowUp':
      return at - perRow >= 0 || perRow === 1 ? (at - perRow + length) % length : at;
    case 'ArrowRight':
      return perRow === 1 ? undefined : (at + 1) % length;
    case 'ArrowLeft':
      return perRow === 1 ? undefined : (at - 1 + length) % length;
    case 'Home':
      return 0;
    case 'End':
      return length - 1;
    default:
      return undefined;
  }
}

/** Places a popover below its anchor, or above it if there is no room; never beyond the window. */
export function place(popover: HTMLElement, anchor: Element): void {
  const { top, bottom, left: start, right } = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const wanted = start < innerWidth / 2 ? start : right - width;
  const left = Math.min(wanted, innerWidth - width - MARGIN_PX);
  const isAbove = bottom + height + MARGIN_PX > innerHeight && top - height > 0;
  const y = isAbove ? top - height - MARGIN_PX / 2 : bottom + MARGIN_PX / 2;
  popover.style.left = `${Math.max(MARGIN_PX, left)}px`;
  popover.style.top = `${Math.max(MARGIN_PX, Math.min(y, innerHeight - height - MARGIN_PX))}px`;
}
