import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../scripts/project.ts';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';
import { type Hands, pointing, typing, violations } from '../support/browser-hands.ts';

const AXE = readFileSync(join(PROJECT, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

const desktop = { viewport: { width: 1_100, height: 760 } };
const phone = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };

const ways: [string, object, (visitor: Visitor) => Hands][] = [
  ['with a mouse', desktop, (visitor) => pointing(visitor, (target) => target.click())],
  ['with the keyboard alone', desktop, typing],
  [
    'with a finger, 360 pixels wide',
    phone,
    (visitor) => pointing(visitor, (target) => target.tap()),
  ],
];

describe.skipIf(!hasBrowser)('a first-time user', () => {
  const company = Company.forAll();
  const host = nodeHostFor({ MAX_MESSAGE_BYTES: '900' });

  test.each(ways)('finds every feature by visible controls, %s', async (_, options, handsOf) => {
    const line = await company.lineTo(host().url);
    const ann = await company.arrives(line.url, { ...options, reducedMotion: 'reduce' });
    const { page } = ann;
    const { write, press, follow, choose, pressOf } = handsOf(ann);

    await write('Your name', 'Ann');
    await write('Room', company.room);
    await press('Join');
    await ann.isIn();

    await write('Message', 'Hello from Ann');
    await press('Send');
    await expect.poll(() => ann.said()).toEqual(['Hello from Ann']);

    await press('1 here');
    await page.getByRole('heading', { name: 'Here now (1)' }).waitFor();
    await expect.poll(() => ann.here()).toEqual(['Ann']);
    await press('Close');

    await pressOf('Hello from Ann', 'More actions');
    await choose('Edit');
    await write('Message', 'Hello to all');
    await press('Save');
    await ann.message('Hello to all').getByText('(edited)').waitFor();

    await pressOf('Hello to all', 'React');
    await choose('👍');
    const reaction = page.getByRole('button', { name: '👍 1', pressed: true });
    await reaction.waitFor();

    await pressOf('Hello to all', 'Reply');
    await write('Message', 'and welcome');
    await press('Send');
    await page.getByRole('button', { name: '1 reply' }).waitFor();

    await press('Search');
    await write('Search in this room', 'hello');
    await page.keyboard.press('Enter');
    await page.getByText('1 message was found').waitFor();
    await follow(/^Ann \d.*Hello to all$/);
    await expect
      .poll(() => page.locator('#messages .message:focus .text').textContent())
      .toContain('Hello to all');
    if (await page.getByRole('button', { name: 'Close', exact: true }).isVisible()) {
      await press('Close');
    }

    line.cut();
    await page.getByText('The connection is lost.').waitFor();
    await write('Message', 'Written in a tunnel');
    await press('Send');
    await page.getByText('Not sent yet; it goes out when you are back.').waitFor();
    line.mend();
    // The page may have reconnected already.
    await ann.isOnlineAgain();
    await expect
      .poll(() => ann.said())
      .toEqual(['Hello to all (edited)', 'and welcome', 'Written in a tunnel']);

    await press('Room menu');
    await choose('Leave room');
    await page.getByRole('heading', { name: 'Parlor' }).waitFor();
  });

  /** The violations that axe finds in the current view, light and wide as well as dark and narrow. */
  async function wrong({ page }: Visitor): Promise<string[]> {
    const found: string[] = [];
    for (const [colorScheme, { viewport }] of [
      ['light', desktop],
      ['dark', phone],
    ] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      found.push(...(await violations(page, AXE)));
      const width = await page.evaluate('document.documentElement.scrollWidth');
      if (width !== viewport.width) found.push(`The page is ${String(width)} pixels wide.`);
    }
    await page.setViewportSize(desktop.viewport);
    return found;
  }

  test('can use assistive technology: axe-core finds nothing, in light and dark, wide and narrow', async () => {
    const ann = await company.arrives(host().url, { ...desktop, reducedMotion: 'reduce' });
    const { page } = ann;
    await ann.join('', company.room);
    await page.getByText('I have a token').click();
    expect(['transport', await wrong(ann)]).toEqual(['transport', []]);

    await ann.join('W'.repeat(64), company.room);
    await ann.isIn();
    await ann.write('whoever writes first owns the room');
    await ann.hasSent('whoever');
    const cleo = await company.comesIn('Cleo', host().url);
    await cleo.write('only looking in');
    await ann.message('looking').waitFor();
    await cleo.close();
    const ben = await company.comesIn('Ben', host().url);
    await ben.write(`@${'W'.repeat(64)} see https://example.org/ and ${'x'.repeat(300)}`);
    await ann.message('see').waitFor();
    await ann.message('see').hover();
    await ann.message('see').getByRole('button', { name: 'React' }).click();
    await page.getByRole('menuitem', { name: '🎉', exact: true }).waitFor();
    expect(['reactions to choose from', await wrong(ann)]).toEqual([
      'reactions to choose from',
      [],
    ]);
    await page.getByRole('menuitem', { name: '🎉', exact: true }).click();
    await ann.page.getByRole('button', { name: '🎉 1' }).waitFor();
    await ann.message('see').getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Reactions' }).click();
    await page.getByRole('dialog').getByRole('listitem').waitFor();
    expect(['who has reacted', await wrong(ann)]).toEqual(['who has reacted', []]);
    await page.getByRole('button', { name: 'Close', exact: true }).last().click();
    await ann.message('see').hover();
    await ann.message('see').getByRole('button', { name: 'Reply' }).click();
    await ann.write('an answer');
    await page.getByRole('button', { name: '1 reply' }).waitFor();
    await ann.write('too long '.repeat(105));
    await page.getByText('Not sent.').waitFor();
    await ann.field.fill('too long '.repeat(1_000));
    await page.getByText('too long to be sent as one message').waitFor();
    expect(['a text that is too long', await wrong(ann)]).toEqual(['a text that is too long', []]);
    await ann.field.fill('');
    await ann.message('an answer').hover();
    await ann.message('an answer').getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menu').waitFor();
    expect(['a talk and a menu', await wrong(ann)]).toEqual(['a talk and a menu', []]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Room menu' }).click();
    await page.getByRole('menuitem', { name: 'Room settings' }).click();
    await page.getByLabel('Announcements only').waitFor();
    expect(['settings', await wrong(ann)]).toEqual(['settings', []]);
    await page.getByLabel('Announcements only').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await ben.page.getByText('Only owners write in this room.').waitFor();
    expect(['silence', await wrong(ben)]).toEqual(['silence', []]);
    await page.getByRole('button', { name: '1 reply' }).click();
    await page.getByRole('list', { name: 'Thread' }).getByText('an answer').waitFor();
    expect(['a thread', await wrong(ann)]).toEqual(['a thread', []]);
    const answer = page.getByRole('list', { name: 'Thread' }).locator('.message').last();
    await answer.hover();
    await answer.getByRole('button', { name: 'Reply', exact: true }).click();
    await page.getByRole('textbox', { name: 'Reply' }).fill('@Nobody-of-this-name');
    await page.getByText('mentions nobody').waitFor();
    expect(['a reply in a thread', await wrong(ann)]).toEqual(['a reply in a thread', []]);
    await page.getByRole('textbox', { name: 'Reply' }).fill('');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByLabel('Search in this room').fill('answer');
    await page.getByLabel('Search in this room').press('Enter');
    await page.getByText('1 message was found').waitFor();
    expect(['a search', await wrong(ann)]).toEqual(['a search', []]);
    await page.setViewportSize(phone.viewport);
    await page.getByRole('button', { name: 'Close', exact: true }).last().click();
    await page.getByRole('button', { name: 'Rooms', exact: true }).click();
    expect(['rooms', await violations(page, AXE)]).toEqual(['rooms', []]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: '2 here' }).click();
    await page.setViewportSize(desktop.viewport);
    await ann.field.fill('@B');
    await page.getByRole('option', { name: 'Ben' }).waitFor();
    await page.getByRole('heading', { name: 'Not here (1)' }).waitFor();
    expect(['people', await wrong(ann)]).toEqual(['people', []]);
    await host().interrupt(company.room);
    expect(['a lost connection', await wrong(ann)]).toEqual(['a lost connection', []]);
  });
});
