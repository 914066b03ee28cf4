import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Visitor } from './browser.ts';

/** How somebody uses the page: everything is found by the role and the words that are in sight. */
export interface Hands {
  /** Writes into the field of this label. */
  write(label: string, text: string): Promise<void>;
  press(name: string | RegExp): Promise<void>;
  /** Chooses from a menu that is open. */
  choose(name: string): Promise<void>;
  /** Presses what belongs to a message. */
  pressOf(message: string, name: string): Promise<void>;
}

type Press = (target: Locator) => Promise<void>;

/** Points at things; a finger does no more. */
export function pointing(visitor: Visitor, press: Press): Hands {
  const { page } = visitor;
  return {
    async write(label, text) {
      const field = page.getByLabel(label, { exact: true });
      await press(field);
      await field.fill(text);
    },
    press: (name) => press(page.getByRole('button', { name, exact: true })),
    choose: (name) => press(page.getByRole('menuitem', { name, exact: true })),
    async pressOf(text, name) {
      await press(visitor.message(text).locator('.text'));
      await press(visitor.message(text).getByRole('button', { name, exact: true }));
    },
  };
}

/** More stops than the page has for Tab. */
const MOST_STOPS = 60;

/** Never leaves the keyboard; where the focus is must always be in sight. */
export function typing(visitor: Visitor): Hands {
  const { page } = visitor;
  async function key(name: string): Promise<void> {
    await page.keyboard.press(name);
    // Behind the last stop the browser has one of its own.
    const focused = page.locator(':focus');
    if ((await focused.count()) > 0) expect(await focused.evaluate(isShown)).toBe(true);
  }
  async function goTo(target: Locator, step = 'Tab'): Promise<void> {
    await target.waitFor();
    for (let stops = 0; stops < MOST_STOPS; stops++) {
      if (await isFocused(target)) return;
      await key(step);
    }
    throw new Error(`${String(target)} cannot be reached with ${step}.`);
  }
  return {
    async write(label, text) {
      await goTo(page.getByLabel(label, { exact: true }));
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type(text);
    },
    async press(name) {
      await goTo(page.getByRole('button', { name, exact: true }));
      await page.keyboard.press('Enter');
    },
    async choose(name) {
      await goTo(page.getByRole('menuitem', { name, exact: true }), 'ArrowDown');
      await page.keyboard.press('Enter');
    },
    async pressOf(text, name) {
      await goTo(page.getByRole('log', { name: 'Messages' }));
      await key('Tab');
      await goTo(visitor.message(text), 'ArrowUp');
      await goTo(visitor.message(text).getByRole('button', { name, exact: true }));
      await page.keyboard.press('Enter');
    },
  };
}

function isFocused(target: Locator): Promise<boolean> {
  return target.evaluate(
    (element: { ownerDocument: { activeElement: unknown } }) =>
      element.ownerDocument.activeElement === element,
  );
}

interface Styled {
  closest(selector: string): Styled | null;
  computedStyleMap(): { get(name: string): unknown };
}

/** The frame around where one writes shows its focus. */
function isShown(element: Styled): boolean {
  const framed = element.closest('.writing') ?? element;
  return [element, framed].some(
    (one) => String(one.computedStyleMap().get('outline-style')) !== 'none',
  );
}

/** As much of axe's report as is told. */
interface Violation {
  id: string;
  help: string;
  nodes: { target: unknown; failureSummary?: string }[];
}

/**
 * What axe-core finds wrong with what the page shows now, a line each.
 * @param rules only these; all, where none are named
 */
export async function violations(
  page: Page,
  axe: string,
  rules?: readonly string[],
): Promise<string[]> {
  const options = JSON.stringify({
    resultTypes: ['violations'],
    ...(rules !== undefined && { runOnly: { type: 'rule', values: rules } }),
  });
  const found = await page.evaluate<Violation[]>(
    `${axe}; axe.run(document, ${options}).then(({ violations }) => violations)`,
  );
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary = '' }) =>
      `${id}: ${help} ${JSON.stringify(target)} ${failureSummary}`.replaceAll(/\s+/g, ' '),
    ),
  );
}
