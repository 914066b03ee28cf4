import { describe, expect, test, vi } from 'vitest';
import { hasBrowser, PATIENTLY, type Visitor } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const company = Company.forAll();

/** A paragraph of several lines in any window. */
const paragraph = (at: number) => `Paragraph ${at}: ${'it says this and that, '.repeat(12)}\n\n`;

describe.skipIf(!hasBrowser)('the page, while a message streams', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' });
  const ask = <T>(method: string, path: string, body?: object): Promise<T> =>
    company.ask<T>(host().url, 'bot', method, path, body);

  /** A room with a message that streams after many others. */
  async function begin(texts: readonly string[]): Promise<number> {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    for (const message of texts) await ask('POST', '/messages', { message });
    const { message } = await ask<{ message: { seq: number } }>('POST', '/messages', {
      message: '',
      streaming: true,
    });
    return message.seq;
  }

  /** Appends to a message, and waits until the visitor's page shows it. */
  async function append(visitor: Visitor, seq: number, offset: number, text: string) {
    await ask('POST', `/messages/${seq}/append`, { offset, text });
    await visitor.message(text.slice(0, text.indexOf(':') + 1)).waitFor();
    return offset + text.length;
  }

  const before = Array.from({ length: 30 }, (_, at) => `message ${at}`);

  test('[STRM7] follows its end, and lets what was drawn stand', async () => {
    const seq = await begin(before);
    const permissions = ['clipboard-read', 'clipboard-write'];
    const visitor = await company.comesIn('Ann', host().url, { permissions });
    await visitor.message('message 29').waitFor();
    let offset = await append(visitor, seq, 0, paragraph(0));
    await watchRows(visitor);
    await select(visitor, seq, '.lines', 'Paragraph 0');
    for (let at = 1; at < 8; at++) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      offset = await append(visitor, seq, offset, paragraph(at));
      // oxlint-disable-next-line no-await-in-loop -- after each
      await expect.poll(() => belowSight(visitor), PATIENTLY).toBeLessThan(2);
    }
    expect(await selected(visitor)).toBe('Paragraph 0');
    const fence = '```ts\nconst open = 1;\n';
    await ask('POST', `/messages/${seq}/append`, { offset, text: fence });
    await visitor.page.locator('.code-keyword').getByText('const').waitFor();
    await select(visitor, seq, '.code-keyword', 'const');
    const more = { offset: offset + fence.length, text: 'let shut = 2;\n' };
    await ask('POST', `/messages/${seq}/append`, more);
    await visitor.page.locator('.code-keyword').getByText('let').waitFor();
    expect(await selected(visitor)).toBe('const');
    const copy = visitor.page.getByRole('button', { name: 'Copy', exact: true });
    await copy.click();
    await expect
      .poll(() => visitor.page.evaluate('navigator.clipboard.readText()'), PATIENTLY)
      .toBe('const open = 1;\nlet shut = 2;');
    await select(visitor, seq, '.lines', 'Paragraph 0');
    await ask('POST', `/messages/${seq}/finish`, { status: 'stopped' });
    await visitor.message('(stopped)').waitFor();
    expect(await visitor.page.locator('.is-writing').count()).toBe(0);
    expect(await redrawnRows(visitor)).toEqual([]);
    expect(await selected(visitor)).toBe('Paragraph 0');
  });

  test('[STRM7] does not move the reader who has scrolled up', async () => {
    const seq = await begin(before);
    const visitor = await company.comesIn('Ann', host().url);
    let offset = await append(visitor, seq, 0, paragraph(0));
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
      offset = await append(visitor, seq, offset, paragraph(at));
    }
    expect(await placeOf()).toBe(place);
  });
});

/** Notes which rows are taken out of the log or put into it. */
async function watchRows({ page }: Visitor): Promise<void> {
  await page.evaluate(`{
    window.redrawn = [];
    const note = (node) => window.redrawn.push(node.dataset?.key);
    new MutationObserver((changes) => {
      for (const { addedNodes, removedNodes } of changes) [...addedNodes, ...removedNodes].forEach(note);
    }).observe(document.querySelector('#messages'), { childList: true });
  }`);
}

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

function redrawnRows({ page }: Visitor): Promise<unknown> {
  return page.evaluate('window.redrawn');
}

/** How much of the log is below what is in sight, in pixels. */
function belowSight({ page }: Visitor): Promise<number> {
  return page.evaluate(
    `{ const log = document.querySelector('#log'); log.scrollHeight - log.scrollTop - log.clientHeight }`,
  );
}
