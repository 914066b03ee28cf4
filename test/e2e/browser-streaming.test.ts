import { describe, expect, test } from 'vitest';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';
import { belowSight, BotStream, redrawnRows, watchRows } from '../support/browser-stream.ts';

const company = Company.forAll();

describe.skipIf(!hasBrowser)('the page, while a message streams', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' });
  test('[STRM7] follows its end, and does not redraw what it has drawn', async () => {
    const stream = await BotStream.begin(company, host().url);
    const { seq } = stream;
    const permissions = ['clipboard-read', 'clipboard-write'];
    const visitor = await company.comesIn('Ann', host().url, { permissions });
    await visitor.message('message 29').waitFor();
    await stream.appendSeenBy(visitor, 0);
    await watchRows(visitor);
    await select(visitor, seq, '.lines', 'Paragraph 0');
    for (let at = 1; at < 8; at++) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await stream.appendSeenBy(visitor, at);
      // oxlint-disable-next-line no-await-in-loop -- after each
      await expect.poll(() => belowSight(visitor)).toBeLessThan(2);
    }
    expect(await selected(visitor)).toBe('Paragraph 0');
    await stream.append('```ts\nconst open = 1;\n');
    await visitor.page.locator('.code-keyword').getByText('const').waitFor();
    await select(visitor, seq, '.code-keyword', 'const');
    await stream.append('let shut = 2;\n');
    await visitor.page.locator('.code-keyword').getByText('let').waitFor();
    expect(await selected(visitor)).toBe('const');
    const copy = visitor.page.getByRole('button', { name: 'Copy', exact: true });
    await copy.click();
    await expect
      .poll(() => visitor.page.evaluate('navigator.clipboard.readText()'))
      .toBe('const open = 1;\nlet shut = 2;');
    await select(visitor, seq, '.lines', 'Paragraph 0');
    await stream.finish('stopped');
    await visitor.message('(stopped)').waitFor();
    expect(await visitor.page.locator('.is-writing').count()).toBe(0);
    expect(await redrawnRows(visitor)).toEqual([]);
    expect(await selected(visitor)).toBe('Paragraph 0');
  });

  test('[STRM7] does not move for a reader who has scrolled up', async () => {
    const stream = await BotStream.begin(company, host().url);
    const visitor = await company.comesIn('Ann', host().url);
    await stream.appendSeenBy(visitor, 0);
    await visitor.message('message 2').first().scrollIntoViewIfNeeded();
    const placeOf = () =>
      visitor
        .message('message 5')
        .evaluate((row: { getBoundingClientRect(): { top: number } }) =>
          Math.round(row.getBoundingClientRect().top),
        );
    await visitor.page.getByRole('button', { name: /newest/i }).waitFor();
    const place = await placeOf();
    for (let at = 1; at < 4; at++) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await stream.appendSeenBy(visitor, at);
    }
    expect(await placeOf()).toBe(place);
  });
});

/** Selects the beginning of a part of a message. */
async function select(
  { page }: Pick<Visitor, 'page'>,
  seq: number,
  part: string,
  text: string,
): Promise<void> {
  await page.evaluate(`{
    const node = document.querySelector('[data-key="seq ${seq}"] ${part}').firstChild;
    getSelection().setBaseAndExtent(node, 0, node, ${text.length});
  }`);
  expect(await selected({ page })).toBe(text);
}

function selected({ page }: Pick<Visitor, 'page'>): Promise<string> {
  return page.evaluate<string>('getSelection().toString()');
}
