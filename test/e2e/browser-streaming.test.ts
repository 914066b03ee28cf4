import { describe, expect, test, vi } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { Company, nodeHostFor } from '../support/browser-company.ts';
import { BotStream, followStream } from '../support/browser-stream.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const company = Company.forAll();

describe.skipIf(!hasBrowser)('the page, while a message streams', () => {
  const host = nodeHostFor({ COMMAND_BURST: '100000' });

  test('[STRM7] follows its end, and lets what was drawn stand', async () => {
    expect(await followStream(company, host().url)).toEqual([]);
  });

  test('[STRM7] does not move the reader who has scrolled up', async () => {
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
    // oxlint-disable-next-line no-await-in-loop -- in this order
    for (let at = 1; at < 4; at++) await stream.appendSeenBy(visitor, at);
    expect(await placeOf()).toBe(place);
  });
});
