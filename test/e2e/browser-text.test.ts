import { expect, describe, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';

const company = Company.forAll();

describe.skipIf(!hasBrowser)('text on the page', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' });
  const comesIn = (name: string, options = {}) => company.comesIn(name, host().url, options);

  test('is shown as Markdown, and edited as it was typed', async () => {
    const ann = await comesIn('Ann', { permissions: ['clipboard-read', 'clipboard-write'] });
    const typed = '**bold** and `code`\n- one\n- two\n```ts\nconst answer = 42;\n```';
    await ann.write(typed);
    // Waits, since a sent message gets another row.
    await ann.hasSent('const answer');
    const row = ann.page.locator('#messages .message').last();
    await row.locator('strong').getByText('bold', { exact: true }).waitFor();
    await expect.poll(() => row.locator('li').allTextContents()).toEqual(['one', 'two']);
    const block = row.locator('pre');
    await expect.poll(() => block.textContent()).toBe('const answer = 42;');
    await block.locator('.code-keyword').getByText('const').waitFor();
    await row.hover();
    await row.getByRole('button', { name: 'Copy', exact: true }).click();
    await row.getByRole('button', { name: 'Copied.' }).waitFor();
    expect(await ann.page.evaluate('navigator.clipboard.readText()')).toBe('const answer = 42;');
    await ann.field.press('ArrowUp');
    await expect.poll(() => ann.field.inputValue()).toBe(typed);
  });

  test('of a few emoji is large, and of words is not', async () => {
    const ann = await comesIn('Ann');
    for (const text of ['🎉👩‍👩‍👧 🇩🇪', '42', 'fine 🎉']) await ann.write(text);
    const large = ann.page.locator('.text.is-large');
    await expect.poll(() => ann.said()).toEqual(['🎉👩‍👩‍👧 🇩🇪', '42', 'fine 🎉']);
    await expect.poll(() => large.allTextContents()).toEqual(['🎉👩‍👩‍👧 🇩🇪']);
  });

  test('has links to web addresses only, with the address as their title', async () => {
    const ann = await comesIn('Ann');
    await ann.write('see [the list](https://example.org/list) and [x](javascript:alert(1))');
    const link = ann.page.locator('#messages').getByRole('link');
    await expect
      .poll(() => link.evaluateAll((all: { href: string }[]) => all.map(({ href }) => href)))
      .toEqual(['https://example.org/list']);
    expect(await link.getAttribute('title')).toBe('https://example.org/list');
  });
});
