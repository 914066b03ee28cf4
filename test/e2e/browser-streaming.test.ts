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
    const visitor = await company.comesIn('Ann', host().url);
    await visitor.message('message 29').waitFor();
    let offset = await append(visitor, seq, 0, paragraph(0));
    await watchRows(visitor, seq);
    for (let at = 1; at < 8; at++) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      offset = await append(visitor, seq, offset, paragraph(at));
      // oxlint-disable-next-line no-await-in-loop -- after each
      await expect.poll(() => belowSight(visitor), PATIENTLY).toBeLessThan(2);
    }
    await ask('POST', `/messages/${seq}/append`, { offset, text: '```ts\nconst open = 1;\n' });
    const code = visitor.page.locator('.code-block').filter({ hasText: 'const open = 1;' });
    await code.waitFor();
    await ask('POST', `/messages/${seq}/finish`, { status: 'stopped' });
    await visitor.message('(stopped)').waitFor();
    expect(await visitor.page.locator('.is-writing').count()).toBe(0);
    expect(await redrawnRows(visitor)).toEqual([]);
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

/** Notes which other rows than one message's are taken out of the log or put into it. */
async function watchRows({ page }: Visitor, seq: number): Promise<void> {
  await page.evaluate(`{
    window.redrawn = [];
    const note = (node) => node.dataset?.key !== 'seq ${seq}' && window.redrawn.push(node.dataset?.key);
    new MutationObserver((changes) => {
      for (const { addedNodes, removedNodes } of changes) [...addedNodes, ...removedNodes].forEach(note);
    }).observe(document.querySelector('#messages'), { childList: true });
  }`);
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
