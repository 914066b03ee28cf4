import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { type Visitor } from './browser.ts';

/** Scrolls the messages up until this one is drawn; older messages are drawn as the top comes near. */
export async function scrollUpTo({ page }: Visitor, target: Locator): Promise<void> {
  const log = page.locator('#log');
  await expect
    .poll(async () => {
      await log.evaluate((element: { scrollTop: number }) => {
        element.scrollTop = 0;
      });
      return target.count();
    })
    .toBe(1);
}

/** How a visitor uses the page. Elements are found by their visible role and text. */
export interface Hands {
  /** Writes in the field with this label. */
  write(label: string, text: string): Promise<void>;
  press(name: string | RegExp): Promise<void>;
  /** Follows a link. */
  follow(name: string | RegExp): Promise<void>;
  /** Chooses an item of the open menu. */
  choose(name: string): Promise<void>;
  /** Presses a button of a message. */
  pressOf(message: string, name: string): Promise<void>;
}

type Press = (target: Locator) => Promise<void>;

/** Uses the page with a pointer only: `press` clicks or taps an element. */
export function pointing(visitor: Visitor, press: Press): Hands {
  const { page } = visitor;
  return {
    async write(label, text) {
      const field = page.getByLabel(label, { exact: true });
      await press(field);
      await field.fill(text);
    },
    press: (name) => press(page.getByRole('button', { name, exact: true })),
    follow: (name) => press(page.getByRole('link', { name })),
    choose: (name) => press(page.getByRole('menuitem', { name, exact: true })),
    async pressOf(text, name) {
      await press(visitor.message(text).locator('.text'));
      await press(visitor.message(text).getByRole('button', { name, exact: true }));
    },
  };
}

/** More Tab stops than the page has. */
const MAX_STOPS = 60;

/** Uses the page with the keyboard only. Fails if the focused element is ever not visibly focused. */
export function typing(visitor: Visitor): Hands {
  const { page } = visitor;

  async function goTo(target: Locator, step = 'Tab'): Promise<void> {
    await target.waitFor();
    for (let stops = 0; stops < MAX_STOPS; stops++) {
      const focus = await target.evaluate(focusSeenFrom);
      expect(focus).not.toBe('out of sight');
      if (focus === 'here') return;
      await page.keyboard.press(step);
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
    async follow(name) {
      await goTo(page.getByRole('link', { name }));
      await page.keyboard.press('Enter');
    },
    async choose(name) {
      // Before the menu has the focus, an arrow key would move the focus among the messages.
      await page.locator('[role="menu"]:focus-within').first().waitFor();
      await goTo(page.getByRole('menuitem', { name, exact: true }), 'ArrowDown');
      await page.keyboard.press('Enter');
    },
    async pressOf(text, name) {
      await goTo(page.getByRole('log', { name: 'Messages' }));
      await page.keyboard.press('Tab');
      await goTo(visitor.message(text), 'ArrowUp');
      await goTo(visitor.message(text).getByRole('button', { name, exact: true }));
      await page.keyboard.press('Enter');
    },
  };
}

/** The parts of a DOM element that are used inside the page. */
interface Focusable {
  ownerDocument: { activeElement: Focusable; body: unknown };
  closest(selector: string): Focusable | null;
  computedStyleMap(): { get(name: string): unknown };
}

/** Whether the focus is on this element, and whether it is visible. */
function focusSeenFrom(element: Focusable): 'here' | 'elsewhere' | 'out of sight' {
  const { activeElement, body } = element.ownerDocument;
  // After the last Tab stop the focus goes to the browser.
  if (activeElement === body) return 'elsewhere';
  // A text field's focus is shown by the frame around it.
  const shown = [activeElement, activeElement.closest('.writing') ?? activeElement];
  const isShown = shown.some(
    (one) => String(one.computedStyleMap().get('outline-style')) !== 'none',
  );
  if (!isShown && !activeElement.closest('h1, h2')) return 'out of sight';
  return activeElement === element ? 'here' : 'elsewhere';
}

/** The used parts of axe's report. */
interface Violation {
  id: string;
  help: string;
  nodes: { target: unknown; failureSummary?: string }[];
}

/** The violations that axe-core finds in the page now, one line each. */
export async function violations(page: Page, axe: string): Promise<string[]> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe);
  // Waits for animations such as fade-ins, so that the final colours are checked.
  await page.evaluate(
    'Promise.allSettled(document.getAnimations().filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity).map(({ finished }) => finished)).then(() => undefined)',
  );
  const found = await page.evaluate<Violation[]>(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
  );
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary = '' }) =>
      `${id}: ${help} ${JSON.stringify(target)} ${failureSummary}`.replaceAll(/\s+/g, ' '),
    ),
  );
}
