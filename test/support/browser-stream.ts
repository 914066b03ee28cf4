import { expect } from 'vitest';
import { type Visitor } from './browser.ts';
import type { Company } from './browser-company.ts';

/** A paragraph long enough to take several lines in any window. */
const paragraph = (at: number) => `Paragraph ${at}: ${'it says this and that, '.repeat(12)}\n\n`;

const before = Array.from({ length: 30 }, (_, at) => `message ${at}`);

/** A message that a bot streams over HTTP to the company's room. */
export class BotStream {
  readonly #company: Company;
  readonly #url: string;
  readonly seq: number;
  #offset = 0;

  private constructor(company: Company, url: string, seq: number) {
    this.#company = company;
    this.#url = url;
    this.seq = seq;
  }

  /** Sends 30 messages, then begins the stream. */
  static async begin(company: Company, url: string): Promise<BotStream> {
    const ask = (body: object) =>
      company.ask<{ message: { seq: number } }>(url, 'bot', 'POST', '/messages', body);
    // oxlint-disable-next-line no-await-in-loop -- in this order
    for (const message of before) await ask({ message });
    const { message } = await ask({ message: '', streaming: true });
    return new BotStream(company, url, message.seq);
  }

  async append(text: string): Promise<void> {
    await this.#ask('append', { offset: this.#offset, text });
    this.#offset += text.length;
  }

  /** Appends a paragraph, and waits until the visitor's page shows it. */
  async appendSeenBy(visitor: Visitor, at: number): Promise<void> {
    await this.append(paragraph(at));
    await visitor.message(`Paragraph ${at}:`).waitFor();
  }

  finish(status: string): Promise<unknown> {
    return this.#ask('finish', { status });
  }

  #ask(what: string, body: object): Promise<unknown> {
    return this.#company.ask(this.#url, 'bot', 'POST', `/messages/${this.seq}/${what}`, body);
  }
}

/**
 * Streams a message to a visitor and checks that the page follows its end and shows how it ended.
 * @returns the keys of rows that were redrawn during the stream
 */
export async function followStream(company: Company, url: string): Promise<unknown> {
  const stream = await BotStream.begin(company, url);
  const visitor = await company.comesIn('Ann', url);
  await visitor.message('message 29').waitFor();
  await stream.appendSeenBy(visitor, 0);
  await watchRows(visitor);
  for (let at = 1; at < 8; at++) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await stream.appendSeenBy(visitor, at);
    // oxlint-disable-next-line no-await-in-loop -- after each
    await expect.poll(() => belowSight(visitor)).toBeLessThan(2);
  }
  await stream.append('```ts\nconst open = 1;\n');
  const code = visitor.page.locator('.code-block').filter({ hasText: 'const open = 1;' });
  await code.waitFor();
  await stream.finish('stopped');
  await visitor.message('(stopped)').waitFor();
  expect(await visitor.page.locator('.is-writing').count()).toBe(0);
  return redrawnRows(visitor);
}

/** Records the keys of rows that are added to the log or removed from it. */
export async function watchRows({ page }: Visitor): Promise<void> {
  await page.evaluate(`{
    window.redrawn = [];
    const note = (node) => window.redrawn.push(node.dataset?.key);
    new MutationObserver((changes) => {
      for (const { addedNodes, removedNodes } of changes) [...addedNodes, ...removedNodes].forEach(note);
    }).observe(document.querySelector('#messages'), { childList: true });
  }`);
}

export function redrawnRows({ page }: Visitor): Promise<unknown> {
  return page.evaluate('window.redrawn');
}

/** The height of the log below the visible part, in pixels. */
export function belowSight({ page }: Visitor): Promise<number> {
  return page.evaluate(
    `{ const log = document.querySelector('#log'); log.scrollHeight - log.scrollTop - log.clientHeight }`,
  );
}
